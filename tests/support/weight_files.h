#pragma once
// Whether a model comes back from its weights in another format.
#include <filesystem>
#include <functional>

#include "tests/support/files.h"
#include "tests/support/models.h"

namespace albert::testing {

// `write` puts the weights of a random model into a folder, in the place of model.safetensors.
template <class Head>
void expect_loads_bit_for_bit(
    const std::function<void(const TensorFile& weights, const std::filesystem::path& folder)>&
        write) {
  const TemporaryFolder folder;
  const auto model = Head::from_config(tiny_config(), {.seed = 3, .backend = {.threads = 1}});
  model.save_pretrained(folder / "m");
  std::filesystem::remove(folder / "m/model.safetensors");
  write(model.state_dict(), folder / "m");
  auto back = Head::from_pretrained(folder / "m");
  EXPECT_TRUE(same_bits(back.state_dict(), model.state_dict()));
  EXPECT_TRUE(back.load_report().unexpected.empty());
  EXPECT_TRUE(back.load_report().missing.empty());
}

}  // namespace albert::testing
