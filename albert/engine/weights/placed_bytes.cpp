#include "albert/engine/weights/placed_bytes.h"

#include <memory>

#include "albert/base/input_file.h"

namespace albert {

PlacedBytes open_bytes(const std::filesystem::path& path) {
  const auto file = std::make_shared<const InputFile>(path);
  return {file->name(), file->size(),
          [file](uint64_t offset, std::span<std::byte> to) {
            file->read_at(offset, to.data(), to.size());
          },
          [file] { file->check_unchanged(); }};
}

}  // namespace albert
