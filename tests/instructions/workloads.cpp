// Three fixed pieces of work for scripts/count_instructions: what runs inside measured() is
// counted.
#include <functional>
#include <iostream>

#include "albert/tokenizer/tokenizer.h"
#include "apps/bench/steps.h"

namespace albert {
namespace {

AlbertConfig small_config() {
  AlbertConfig config;
  config.vocab_size = 1000;
  config.embedding_size = 32;
  config.hidden_size = 96;
  config.num_hidden_layers = 3;
  config.num_attention_heads = 4;
  config.intermediate_size = 200;
  return config;
}

// Of different lengths, none a power of two.
bench::Batch ragged_batch() {
  std::vector<std::vector<int32_t>> ids;
  for (const int64_t length : {37, 5, 90, 61}) {
    ids.emplace_back();
    for (int64_t i = 0; i < length; ++i)
      ids.back().push_back(static_cast<int32_t>((i * 7919 + length) % 1000));
  }
  return bench::batch_of(std::move(ids));
}

constexpr const char* kText =
    "Call me Ishmael. Some years ago—never mind how long precisely—having little or no money in my "
    "purse, and nothing "
    "particular to interest me on shore, I thought I would sail about a little and see the watery "
    "part of the world.";

}  // namespace
}  // namespace albert

// The name callgrind is told; runs what it is given once.
extern "C" __attribute__((noinline)) void albert_measured(const std::function<void()>& work) {
  work();
}

int main(int argc, char** argv) {
  using namespace albert;
  const std::string which = argc == 3 ? argv[1] : "";
  const ModelOptions options{.backend = {.threads = 1, .isa = kernels::Isa::kAvx2}};
  if (which == "tokenize") {
    const auto tokenizer = Tokenizer::from_pretrained(argv[2]);
    size_t ids = tokenizer->ids(kText).size();  // words are remembered, as in a long text
    albert_measured(
        [&] { ids += tokenizer->ids(kText).size() + tokenizer->encode(kText).input_ids.size(); });
    std::cout << ids << "\n";
    return 0;
  }
  if (which != "inference" && which != "pretraining") {
    std::cerr << "usage: workloads inference|pretraining|tokenize VOCABULARY\n";
    return 2;
  }
  const auto step = which == "inference" ? bench::inference_step(small_config(), options)
                                         : bench::pretraining_step(small_config(), options);
  const bench::Batch batch = ragged_batch();
  step->run(batch);  // makes oneDNN's kernels
  albert_measured([&] { step->run(batch); });
  return 0;
}
