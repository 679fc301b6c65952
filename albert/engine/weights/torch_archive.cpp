#include "albert/base/printable.h"
#include "albert/engine/weights/torch_layout.h"
#include "albert/engine/weights/torch_pickle.h"

namespace albert {
namespace {

using Entries = std::map<std::string, ZipEntry>;

constexpr std::string_view kPickle = "/data.pkl";

std::string entry_text(const InputFile& file, const std::string& name, const ZipEntry& entry) {
  std::string text(entry.size, '\0');
  read_zip_entry(file, name, entry, 0, std::as_writable_bytes(std::span(text)));
  return text;
}

// "NAME" of the archive's NAME/data.pkl.
std::string folder_of(const InputFile& file, const Entries& entries) {
  std::string folder;
  size_t found = 0;
  for (const auto& [name, entry] : entries)
    if (name.ends_with(kPickle) && name.find('/') == name.size() - kPickle.size()) {
      folder = name.substr(0, name.size() - kPickle.size());
      ++found;
    }
  if (found != 1)
    fail(ErrorCode::kBadData, file.name(), ": found ", found,
         " entries NAME/data.pkl, wanted one, as torch.save writes it");
  return folder;
}

void check_byte_order(const InputFile& file, const std::string& folder, const Entries& entries) {
  constexpr std::string_view kLittle = "little";
  const auto found = entries.find(folder + "/byteorder");
  if (found == entries.end()) return;
  const bool little = found->second.size == kLittle.size() &&
                      entry_text(file, found->first, found->second) == kLittle;
  if (!little)
    fail(ErrorCode::kBadData, file.name(), ": found another byte order, wanted ", kLittle);
}

StorageBytes bytes_of(const InputFile& file, const std::string& folder, const Entries& entries,
                      const TorchStorage& storage) {
  const std::string name = folder + "/data/" + std::string(storage.key);
  const auto found = entries.find(name);
  if (found == entries.end())
    fail(ErrorCode::kBadData, file.name(), ": found no entry ", in_quotes(name),
         ", wanted the storage that the pickle names");
  const uint64_t wanted = storage.elements * size_of(storage.dtype);
  if (found->second.size != wanted)
    fail(ErrorCode::kBadData, file.name(), ": entry ", in_quotes(name), ": found ",
         found->second.size, " bytes, wanted ", storage.elements, " elements of ", storage.dtype,
         ", ", wanted, " bytes");
  return {name, storage.dtype, found->second};
}

}  // namespace

TorchLayout read_torch_archive(const InputFile& file) {
  const Entries entries = read_zip_entries(file);
  const std::string folder = folder_of(file, entries);
  check_byte_order(file, folder, entries);
  const std::string name = folder + std::string(kPickle);
  const std::string pickle = entry_text(file, name, entries.at(name));
  ByteReader reader(file.name() + ": data.pkl", std::as_bytes(std::span(pickle)));
  PickleValues values(most_pickle_bytes(file.size()));
  const PickleValue root = read_torch_pickle(reader, values);
  if (reader.remaining() > 0)
    reader.fail_here("found ", reader.remaining(), " bytes behind the pickle's end");
  TorchLayout layout{named_tensors(reader, values, root), {}};
  for (const TorchStorage& storage : values.torch_storages())
    layout.storages.push_back(bytes_of(file, folder, entries, storage));
  return layout;
}

}  // namespace albert
