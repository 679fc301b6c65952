// What --device means, on machines made up.
#include "apps/cli/device.h"

#include "tests/support/compare.h"

namespace albert::testing {
namespace {

using apps::choose_device;
using kernels::GpuFacts;

GpuFacts gpus(std::vector<kernels::Gpu> list) { return {13000, 13000, 80, std::move(list)}; }
const kernels::Gpu kNew{"NVIDIA H200", 9, 0, int64_t{141} << 30},
    kOld{"Tesla T4", 7, 5, int64_t{15} << 30};

TEST(ChooseDevice, AutoTakesTheFirstGpuThatCanElseTheCpu) {
  EXPECT_EQ(choose_device("auto", DType::kF32, gpus({kNew})).device, Device::kCuda);
  const auto second = choose_device("auto", DType::kBF16, gpus({kOld, kNew}));
  EXPECT_EQ(second.device, Device::kCuda);
  EXPECT_EQ(second.gpu, 1);
  const auto none = choose_device("auto", DType::kF32, gpus({kOld}));
  EXPECT_EQ(none.device, Device::kCpu);
  EXPECT_NE(none.note.find("7.5"), std::string::npos) << none.note;
  EXPECT_EQ(choose_device("auto", DType::kF64, gpus({kNew})).device, Device::kCpu);
  GpuFacts no_driver = gpus({});
  no_driver.driver = 0;
  for (const GpuFacts& facts : {no_driver, GpuFacts{}}) {
    EXPECT_EQ(choose_device("auto", DType::kF32, facts).device, Device::kCpu);
    EXPECT_EQ(choose_device("auto", DType::kF32, facts).note, "") << "nothing is amiss";
  }
}

TEST(ChooseDevice, TheNameSaysWhich) {
  EXPECT_EQ(choose_device("cpu", DType::kF32, gpus({kNew})).device, Device::kCpu);
  EXPECT_EQ(choose_device("cuda", DType::kF32, gpus({kNew, kNew})).gpu, 0);
  EXPECT_EQ(choose_device("cuda:1", DType::kF32, gpus({kNew, kNew})).gpu, 1);
  for (const char* wanted :
       {"gpu", "cuda:", "cuda:x", "cuda:1x", "cuda:-1", "cuda1", "", "cuda:99999999999"}) {
    try {
      choose_device(wanted, DType::kF32, gpus({kNew}));
      ADD_FAILURE() << wanted;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kUsage) << wanted;
    }
  }
}

TEST(ChooseDevice, AGpuThatCannotIsNoDevice) {
  const auto refused = [](const std::string& wanted, DType dtype, const GpuFacts& facts) {
    try {
      choose_device(wanted, dtype, facts);
      return std::string("accepted");
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kNoDevice);
      return std::string(e.what());
    }
  };
  EXPECT_NE(refused("cuda", DType::kF32, gpus({kOld})).find("8.0 or newer"), std::string::npos);
  EXPECT_EQ(refused("cuda:3", DType::kF32, gpus({kNew})),
            "--device cuda:3: no cuda:3: this machine has cuda:0 only");
  EXPECT_NE(refused("cuda", DType::kF64, gpus({kNew})).find("f64"), std::string::npos);
}

TEST(ChooseDevice, IsDescribedInALine) {
  EXPECT_EQ(apps::description({Device::kCuda, 0, ""}, gpus({kNew}), 0),
            "cuda:0, NVIDIA H200, compute capability 9.0, 141 GiB");
  const std::string cpu = apps::description({Device::kCpu, 0, "too old"}, {}, 1);
  EXPECT_EQ(cpu.rfind("CPU, ", 0), 0U) << cpu;
  EXPECT_NE(cpu.find("1 thread (no GPU: too old)"), std::string::npos) << cpu;
}

}  // namespace
}  // namespace albert::testing
