// The data of an entry of a zip archive: copied or inflated, and their CRC.
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/engine/weights/torch_zip.h"

namespace albert {
namespace {

constexpr size_t kBlock = 1 << 16;

// The bytes of an entry in their order.
class EntryBytes {
 public:
  EntryBytes(const InputFile& file, const std::string& name, const ZipEntry& entry)
      : file_(file), name_(name), entry_(entry) {
    if (entry_.deflated && inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~EntryBytes() {
    if (entry_.deflated) inflateEnd(&stream_);
  }
  EntryBytes(const EntryBytes&) = delete;
  EntryBytes& operator=(const EntryBytes&) = delete;

  void read(std::span<std::byte> to) {
    while (!to.empty()) {
      const auto block = to.first(std::min<size_t>(to.size(), size_t{1} << 30));
      entry_.deflated ? inflate_block(block) : read_stored(block.data(), block.size());
      crc_ = crc32(crc_, reinterpret_cast<const Bytef*>(block.data()),
                   static_cast<uInt>(block.size()));
      to = to.subspan(block.size());
    }
  }
  void skip(uint64_t n) {
    std::vector<std::byte> scratch(std::min<uint64_t>(n, kBlock));
    for (; n > 0; n -= std::min<uint64_t>(n, kBlock))
      read(std::span(scratch).first(std::min<uint64_t>(n, kBlock)));
  }
  // After the last byte.
  void check() {
    if (entry_.deflated) check_end();
    if (entry_.crc && crc_ != *entry_.crc)
      fail_entry("found data with the CRC ", crc_, ", wanted ", *entry_.crc,
                 ": is the file damaged?");
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail_entry(const Parts&... parts) const {
    fail(ErrorCode::kBadData, file_.name(), ": entry ", in_quotes(name_), ": ", parts...);
  }
  void read_stored(std::byte* to, size_t n) {
    file_.read_at(entry_.data + taken_, to, n);
    taken_ += n;
  }
  void inflate_block(std::span<std::byte> to) {
    stream_.next_out = reinterpret_cast<Bytef*>(to.data());
    stream_.avail_out = static_cast<uInt>(to.size());
    while (stream_.avail_out > 0)
      if (inflate_more() != Z_OK && stream_.avail_out > 0)
        fail_entry("its data inflate to less than ", entry_.size, " bytes");
  }
  int inflate_more() {
    if (stream_.avail_in == 0 && taken_ < entry_.stored) {
      const size_t n = std::min<uint64_t>(entry_.stored - taken_, kBlock);
      input_.resize(kBlock);
      read_stored(input_.data(), n);
      stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
      stream_.avail_in = static_cast<uInt>(n);
    }
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END) fail_entry("its deflated data are damaged");
    ended_ = result == Z_STREAM_END;
    return result;
  }
  void check_end() {
    std::byte beyond{};
    stream_.next_out = reinterpret_cast<Bytef*>(&beyond);
    stream_.avail_out = 1;
    while (!ended_ && stream_.avail_out > 0) inflate_more();
    if (stream_.avail_out == 0 || stream_.avail_in > 0 || taken_ < entry_.stored)
      fail_entry("its data inflate to more than ", entry_.size, " bytes");
  }

  const InputFile& file_;
  const std::string& name_;
  const ZipEntry& entry_;
  z_stream stream_{};
  std::vector<std::byte> input_;
  uint64_t taken_ = 0;  // of the stored bytes
  uLong crc_ = 0;
  bool ended_ = false;
};

}  // namespace

void read_zip_entry(const InputFile& file, const std::string& name, const ZipEntry& entry,
                    uint64_t begin, std::span<std::byte> to) {
  if (!entry.crc && !entry.deflated) {
    file.read_at(entry.data + begin, to.data(), to.size());
    return;
  }
  EntryBytes bytes(file, name, entry);
  bytes.skip(begin);
  bytes.read(to);
  bytes.skip(entry.size - begin - to.size());
  bytes.check();
}

}  // namespace albert
