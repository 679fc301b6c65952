// What the host does for one step that is known, on a GPU that computes nothing: scripts/
// count_instructions counts what runs inside albert_measured(). With ALBERT_TIMED it prints the
// microseconds of processor time.
#include <ctime>
#include <functional>
#include <iostream>
#include <string>

#include "albert/albert.h"
#include "tests/cuda_runtime/fake_runtime.h"

namespace albert::testing {
namespace {

// ALBERT-base, as far as the host can tell: the number of kernels and the sizes of inputs and
// outputs are its own, while vocabulary and feed-forward are narrow, so that it is made quickly.
AlbertConfig base_config() {
  AlbertConfig config;
  config.vocab_size = 1000;
  config.embedding_size = 128;
  config.hidden_size = 768;
  config.num_hidden_layers = 12;
  config.num_attention_heads = 12;
  config.intermediate_size = 768;
  return config;
}

ModelInputs one_sequence(int64_t tokens) {
  ModelInputs inputs;
  inputs.input_ids = HostTensor(DType::kI64, {1, tokens});
  inputs.attention_mask = HostTensor(DType::kI64, {1, tokens});
  for (int64_t i = 0; i < tokens; ++i) {
    inputs.input_ids.data<int64_t>()[i] = i;
    inputs.attention_mask.data<int64_t>()[i] = 1;
  }
  return inputs;
}

template <class Model>
std::function<void()> forward_of() {
  const ModelOptions options{.precision = Precision::kBF16, .backend = {.device = Device::kCuda}};
  const auto model = std::make_shared<Model>(Model::from_config(base_config(), options));
  return [model, inputs = one_sequence(128)] { model->forward(inputs); };
}

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace
}  // namespace albert::testing

// The name callgrind is told; runs what it is given once.
extern "C" __attribute__((noinline)) void albert_measured(const std::function<void()>& work) {
  work();
}

int main(int argc, char** argv) {
  using namespace albert;
  const std::string which = argc > 1 ? argv[1] : "";
  if (which != "states" && which != "logits") {
    std::cerr << "usage: host_work states|logits\n";
    return 2;
  }
  setenv("ALBERT_CUDA_LIBS", ALBERT_FAKE_CUBLAS, 1);
  testing::cuda_runtime::reset(1, 1);
  testing::cuda_runtime::compute_nothing();
  const auto step = which == "states" ? testing::forward_of<AlbertModel>()
                                      : testing::forward_of<AlbertForSequenceClassification>();
  for (int n = 0; n < 4; ++n) step();  // after which the step is known
  albert_measured(step);
  if (std::getenv("ALBERT_TIMED")) {
    constexpr int kTimes = 2000;
    const double begin = testing::processor_seconds();
    for (int n = 0; n < kTimes; ++n) step();
    std::cout << which << " " << (testing::processor_seconds() - begin) / kTimes * 1e6 << " us\n";
  }
  return 0;
}
