// The files of torch.save before PyTorch 1.6: four pickles (a magic number, a version, what machine
// wrote it, the values), a fifth with the storages' keys, then each storage's length and values.
#include <algorithm>
#include <array>

#include "albert/base/printable.h"
#include "albert/engine/weights/torch_layout.h"
#include "albert/engine/weights/torch_pickle.h"

namespace albert {
namespace {

constexpr uint8_t kProtocol = 0x80, kFrame = 0x95;  // opcodes
constexpr std::string_view kMagic("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 13);
constexpr size_t kMagicBytes = 2 + 9 + kMagic.size();  // with PROTO and a frame
constexpr int64_t kVersion = 1001;
constexpr uint64_t kFirstPart = 1 << 20;

// The magic number is a pickle of any protocol: PROTO and its number, from protocol 4 on mostly a
// frame with its length, and the number itself.
std::string_view read_magic(ByteReader& reader) {
  if (reader.u8("a pickle") != kProtocol) return "";
  const bool may_have_frame = reader.u8("its protocol") >= 4;
  ByteReader ahead = reader;
  if (may_have_frame && ahead.u8("a frame") == kFrame) {
    ahead.u64("its length");
    reader = ahead;
  }
  return reader.text(kMagic.size(), "the magic number");
}

void check_version(ByteReader& reader, PickleValues& values) {
  read_magic(reader);
  const PickleValue version = read_torch_pickle(reader, values);
  if (version.kind != PickleKind::kInt || version.number != kVersion)
    reader.fail_here("found another version of the format, wanted ", kVersion);
}

void check_byte_order(ByteReader& reader, PickleValues& values) {
  const PickleValue machine = read_torch_pickle(reader, values);
  if (machine.kind != PickleKind::kDict)
    reader.fail_here("found ", name_of(machine.kind), ", wanted a dictionary of the byte order");
  const auto& items = values.items_of(machine);
  for (size_t i = 0; i + 1 < items.size(); i += 2)
    if (items[i].kind == PickleKind::kText && values.text_of(items[i]) == "little_endian" &&
        items[i + 1].kind == PickleKind::kBool && items[i + 1].number == 1)
      return;
  reader.fail_here("found another byte order, wanted little");
}

// The storages in the order of the file. Each is named once and ends where the next one begins.
std::vector<StorageBytes> storages_of(const InputFile& file, ByteReader& reader,
                                      PickleValues& values, PickleValue keys) {
  const auto& storages = values.torch_storages();
  if (keys.kind != PickleKind::kList || values.items_of(keys).size() != storages.size())
    reader.fail_here("found another list of storages than that of the tensors");
  std::vector<StorageBytes> found(storages.size());
  uint64_t at = reader.offset();
  for (const PickleValue key : values.items_of(keys)) {
    if (key.kind != PickleKind::kText) reader.fail_here("found a storage without a name");
    const auto is_named = [&](const TorchStorage& s) { return s.key == values.text_of(key); };
    const auto storage = std::find_if(storages.begin(), storages.end(), is_named);
    const std::string name(printable(values.text_of(key)));
    if (storage == storages.end() || found[size_t(storage - storages.begin())].bytes.data != 0)
      reader.fail_here("found the storage ", name, ", wanted each of the tensors' once");
    std::array<std::byte, 8> length{};
    const uint64_t left = file.size() - at;
    if (left < length.size()) reader.fail_here("storage ", name, ": is the file truncated?");
    file.read_at(at, length.data(), length.size());
    const uint64_t elements = ByteReader("", length).u64("length"),
                   bytes = storage->elements * size_of(storage->dtype);
    at += length.size();
    if (elements != storage->elements || bytes > left - length.size())
      reader.fail_here("storage ", name, ": found ", elements, " elements in ",
                       left - length.size(), " bytes, wanted ", storage->elements, " of ",
                       storage->dtype);
    found[size_t(storage - storages.begin())] = {
        name, storage->dtype, {at, bytes, bytes, std::nullopt, false}};
    at += bytes;
  }
  if (at != file.size())
    reader.fail_here("found ", file.size() - at, " bytes behind the last storage");
  return found;
}

// Reads the pickles from the first `size` bytes.
TorchLayout parse(const InputFile& file, uint64_t size) {
  std::vector<std::byte> bytes(size);
  file.read_at(0, bytes.data(), size);
  ByteReader reader(file.name(), bytes);
  PickleValues values(most_pickle_bytes(file.size()));
  check_version(reader, values);
  check_byte_order(reader, values);
  const PickleValue root = read_torch_pickle(reader, values);
  TorchLayout layout{named_tensors(reader, values, root), {}};
  const PickleValue keys = read_torch_pickle(reader, values);
  layout.storages = storages_of(file, reader, values, keys);
  return layout;
}

}  // namespace

bool is_legacy_torch(const InputFile& file) {
  std::array<std::byte, kMagicBytes> start{};
  if (file.size() < start.size()) return false;
  file.read_at(0, start.data(), start.size());
  ByteReader reader(file.name(), start);
  return read_magic(reader) == kMagic;
}

TorchLayout read_legacy_torch(const InputFile& file) {
  for (uint64_t part = kFirstPart; part < file.size(); part *= 4) {
    try {
      return parse(file, part);
    } catch (const Error&) {
      continue;  // nothing says how long the pickles are: these may go on behind this part
    }
  }
  return parse(file, file.size());
}

}  // namespace albert
