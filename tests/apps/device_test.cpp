// What --device means, on machines made up.
#include "apps/cli/device.h"

#include "tests/support/compare.h"

namespace albert::testing {
namespace {

using apps::choose_device;
using kernels::CardFacts;

CardFacts cards(std::vector<kernels::Card> list) { return {13000, 13000, 80, std::move(list)}; }
const kernels::Card kNew{"NVIDIA H200", 9, 0, int64_t{141} << 30}, kOld{"Tesla T4", 7, 5, int64_t{15} << 30};

TEST(ChooseDevice, AutoTakesTheFirstCardThatCanElseTheCpu) {
  EXPECT_EQ(choose_device("auto", DType::kF32, cards({kNew})).device, Device::kCuda);
  const auto second = choose_device("auto", DType::kBF16, cards({kOld, kNew}));
  EXPECT_EQ(second.device, Device::kCuda);
  EXPECT_EQ(second.card, 1);
  const auto none = choose_device("auto", DType::kF32, cards({kOld}));
  EXPECT_EQ(none.device, Device::kCpu);
  EXPECT_NE(none.note.find("7.5"), std::string::npos) << none.note;
  EXPECT_EQ(choose_device("auto", DType::kF64, cards({kNew})).device, Device::kCpu);
  CardFacts no_driver = cards({});
  no_driver.driver = 0;
  for (const CardFacts& facts : {no_driver, CardFacts{}}) {
    EXPECT_EQ(choose_device("auto", DType::kF32, facts).device, Device::kCpu);
    EXPECT_EQ(choose_device("auto", DType::kF32, facts).note, "") << "nothing is amiss";
  }
}

TEST(ChooseDevice, TheNameSaysWhich) {
  EXPECT_EQ(choose_device("cpu", DType::kF32, cards({kNew})).device, Device::kCpu);
  EXPECT_EQ(choose_device("cuda", DType::kF32, cards({kNew, kNew})).card, 0);
  EXPECT_EQ(choose_device("cuda:1", DType::kF32, cards({kNew, kNew})).card, 1);
  for (const char* wanted : {"gpu", "cuda:", "cuda:x", "cuda:1x", "cuda:-1", "cuda1", "", "cuda:99999999999"}) {
    try {
      choose_device(wanted, DType::kF32, cards({kNew}));
      ADD_FAILURE() << wanted;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kUsage) << wanted;
    }
  }
}

TEST(ChooseDevice, ACardThatCannotIsNoDevice) {
  const auto refused = [](const std::string& wanted, DType dtype, const CardFacts& facts) {
    try {
      choose_device(wanted, dtype, facts);
      return std::string("accepted");
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kNoDevice);
      return std::string(e.what());
    }
  };
  EXPECT_NE(refused("cuda", DType::kF32, cards({kOld})).find("8.0 or newer"), std::string::npos);
  EXPECT_EQ(refused("cuda:3", DType::kF32, cards({kNew})), "--device cuda:3: no cuda:3: this machine has cuda:0 only");
  EXPECT_NE(refused("cuda", DType::kF64, cards({kNew})).find("f64"), std::string::npos);
}

TEST(ChooseDevice, IsDescribedInALine) {
  EXPECT_EQ(apps::description({Device::kCuda, 0, ""}, cards({kNew}), 0),
            "cuda:0, NVIDIA H200, compute capability 9.0, 141 GiB");
  const std::string cpu = apps::description({Device::kCpu, 0, "too old"}, {}, 3);
  EXPECT_EQ(cpu.rfind("CPU, ", 0), 0U) << cpu;
  EXPECT_NE(cpu.find("3 threads (no card: too old)"), std::string::npos) << cpu;
}

}  // namespace
}  // namespace albert::testing
