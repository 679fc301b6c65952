#include "apps/cli/device.h"

#include <charconv>

#include "kernels/backend.h"

namespace albert::apps {
namespace {

DeviceChoice automatic(DType dtype, const kernels::CardFacts& facts) {
  for (size_t card = 0; card < facts.cards.size(); ++card)
    if (kernels::why_unusable(facts, static_cast<int>(card), dtype).empty())
      return {Device::kCuda, static_cast<int>(card), ""};
  const bool something_is_there = facts.runtime != 0 && facts.driver != 0;
  return {Device::kCpu, 0, something_is_there ? kernels::why_unusable(facts, 0, dtype) : ""};
}

// 2 of "cuda:2", 0 of "cuda"; -1 of anything else.
int card_of(const std::string& wanted) {
  if (wanted == "cuda") return 0;
  if (wanted.rfind("cuda:", 0) != 0) return -1;
  int card = -1;
  const char *begin = wanted.data() + 5, *end = wanted.data() + wanted.size();
  const auto [stop, error] = std::from_chars(begin, end, card);
  return error == std::errc() && stop == end ? card : -1;
}

}  // namespace

DeviceChoice choose_device(const std::string& wanted, DType dtype, const kernels::CardFacts& facts) {
  if (wanted == "cpu") return {};
  if (wanted == "auto") return automatic(dtype, facts);
  const int card = card_of(wanted);
  if (card < 0) fail(ErrorCode::kUsage, "--device ", wanted, ": use auto, cpu, cuda or cuda:N");
  const std::string why = kernels::why_unusable(facts, card, dtype);
  if (!why.empty()) fail(ErrorCode::kNoDevice, "--device ", wanted, ": ", why);
  return {Device::kCuda, card, ""};
}

std::string description(const DeviceChoice& choice, const kernels::CardFacts& facts, int threads) {
  if (choice.device == Device::kCuda)
    return "cuda:" + std::to_string(choice.card) + ", " +
           kernels::text_of(facts.cards.at(static_cast<size_t>(choice.card)));
  return kernels::make_backend({.threads = threads})->description() +
         (choice.note.empty() ? "" : " (no card: " + choice.note + ")");
}

}  // namespace albert::apps
