#include "albert/engine/weights/hdf5.h"

#include "albert/base/byte_reader.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

constexpr uint64_t kSuperblockBytes = 96, kHeapBytes = 32, kNodeBytes = 24, kLeafBytes = 8,
                   kChildBytes = 16, kEntryBytes = 40, kAddressBytes = 8;
constexpr std::string_view kSignature("\x89HDF\r\n\x1a\n", 8);
constexpr uint32_t kSymbolicLink = 2;
constexpr size_t kMaxDepth = 16, kMaxPath = 512, kMaxDatasets = 4096;

class Hdf5Reader {
 public:
  explicit Hdf5Reader(const PlacedBytes& file) : file_(file), structures_(file) {}

  std::map<std::string, Hdf5Dataset> read() {
    add_object("", read_root(), 0);
    return std::move(datasets_);
  }

 private:
  struct Names {
    uint64_t address = 0, size = 0;
  };

  // The address of the root group.
  uint64_t read_root() {
    if (file_.size < kSuperblockBytes)
      fail(ErrorCode::kBadData, file_.name, ": found ", file_.size,
           " bytes, wanted an HDF5 file, which has ", kSuperblockBytes, " or more");
    const auto bytes = structures_.read(0, kSuperblockBytes, "the superblock");
    ByteReader reader(file_.name, bytes);
    if (reader.text(kSignature.size(), "the signature") != kSignature)
      fail(ErrorCode::kBadData, file_.name, ": byte 0: found no HDF5 file");
    const uint32_t version = reader.u8("the version");
    if (version != 0)
      fail(ErrorCode::kBadData, file_.name, ": found a superblock of version ", version,
           ", wanted 0; save the file by h5py's defaults");
    reader.bytes(4, "versions");
    const uint32_t offsets = reader.u8("the size of offsets"),
                   lengths = reader.u8("the size of lengths");
    if (offsets != kAddressBytes || lengths != kAddressBytes)
      reader.fail_here("found offsets of ", offsets, " and lengths of ", lengths,
                       " bytes, wanted 8");
    reader.bytes(9, "sizes of trees");
    if (reader.u64("the base address") != 0) reader.fail_here("found a base address, wanted 0");
    reader.u64("free space");
    const uint64_t end = reader.u64("the end of the file");
    if (end > file_.size)
      fail(ErrorCode::kBadData, file_.name, ": found ", file_.size, " bytes, wanted ", end,
           ": is the file truncated?");
    reader.u64("the driver");
    reader.u64("the root's name");
    return reader.u64("the root's address");
  }

  void add_object(const std::string& path, uint64_t address, size_t depth) {
    const std::string place = file_.name + (path.empty() ? "" : ": " + in_quotes(path));
    const Hdf5Object object = read_hdf5_object(structures_, place, address);
    if (!object.is_group) {
      if (datasets_.size() >= kMaxDatasets)
        fail(ErrorCode::kBadData, file_.name, ": found over ", kMaxDatasets, " datasets");
      if (!datasets_.emplace(path, Hdf5Dataset{object.info, object.offset}).second)
        fail(ErrorCode::kBadData, place, ": found it twice, wanted one dataset of a name");
      return;
    }
    if (depth >= kMaxDepth)
      fail(ErrorCode::kBadData, place, ": found groups more than ", kMaxDepth, " deep");
    add_node(path, object.tree, read_heap(object.heap), depth, kMaxDepth);
  }

  Names read_heap(uint64_t address) {
    const auto bytes = structures_.read(address, kHeapBytes, "a heap of names");
    ByteReader reader(file_.name, bytes, address);
    if (reader.text(4, "a heap") != "HEAP" || reader.u32("its version") != 0)
      reader.fail_here("found no heap of names");
    Names names;
    names.size = reader.u64("a heap's size");
    reader.u64("its free space");
    names.address = reader.u64("its address");
    return names;
  }

  // A node of a group's B-tree, whose level is below `above`.
  void add_node(const std::string& path, uint64_t address, Names names, size_t depth,
                uint32_t above) {
    const auto bytes = structures_.read(address, kNodeBytes, "a tree of names");
    ByteReader reader(file_.name, bytes, address);
    if (reader.text(4, "a tree") != "TREE" || reader.u8("its kind") != 0)
      reader.fail_here("found no tree of names");
    const uint32_t level = reader.u8("its level"), low = reader.u8("its children"),
                   children = low | uint32_t{reader.u8("its children")} << 8;
    if (level >= above)
      reader.fail_here("found a tree of level ", level, ", wanted less than ", above);
    const auto all = structures_.read(address + kNodeBytes, children * kChildBytes, "a tree");
    ByteReader child(file_.name, all, address + kNodeBytes);
    for (uint32_t i = 0; i < children; ++i) {
      child.u64("a key");
      const uint64_t below = child.u64("a child");
      level == 0 ? add_links(path, below, names, depth)
                 : add_node(path, below, names, depth, level);
    }
  }

  void add_links(const std::string& path, uint64_t address, Names names, size_t depth) {
    const auto bytes = structures_.read(address, kLeafBytes, "links");
    ByteReader reader(file_.name, bytes, address);
    if (reader.text(4, "links") != "SNOD" || reader.u8("their version") != 1)
      reader.fail_here("found no links of a group");
    reader.u8("links");
    const uint32_t low = reader.u8("their number"),
                   links = low | uint32_t{reader.u8("their number")} << 8;
    const auto all = structures_.read(address + kLeafBytes, links * kEntryBytes, "links");
    ByteReader link(file_.name, all, address + kLeafBytes);
    for (uint32_t i = 0; i < links; ++i) {
      const uint64_t name = link.u64("a name"), object = link.u64("an object");
      if (link.u32("a link's kind") == kSymbolicLink)
        link.fail_here("found a symbolic link in ", in_quotes(path), ", wanted groups and data");
      link.bytes(20, "a link");
      add_object(joined_path(path, names, name), object, depth + 1);
    }
  }

  std::string joined_path(const std::string& path, Names names, uint64_t offset) {
    if (offset >= names.size || names.address > file_.size - std::min(offset, file_.size))
      fail(ErrorCode::kBadData, file_.name, ": found a name at ", offset, " of a heap of ",
           names.size, " bytes");
    const std::string name = structures_.text(names.address + offset, kMaxPath, "a name");
    const std::string whole = path.empty() ? name : path + "/" + name;
    if (name.empty() || whole.size() > kMaxPath || name.find('/') != std::string::npos ||
        printable(name, kMaxPath) != name)
      fail(ErrorCode::kBadData, file_.name, ": found the name ", in_quotes(name), " in ",
           in_quotes(path), ", wanted paths of 1 to ", kMaxPath,
           " bytes of UTF-8 without control characters");
    return whole;
  }

  const PlacedBytes& file_;
  Hdf5Structures structures_;
  std::map<std::string, Hdf5Dataset> datasets_;
};

}  // namespace

std::map<std::string, Hdf5Dataset> read_hdf5(const PlacedBytes& file) {
  return Hdf5Reader(file).read();
}

}  // namespace albert
