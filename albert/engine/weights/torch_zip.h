#pragma once
// Zip archives as torch.save writes them. Not installed.
#include <map>
#include <optional>
#include <span>
#include <string>

#include "albert/base/input_file.h"

namespace albert {

// Where the bytes of an entry lie in a file. `stored` of them give `size` when inflated.
struct ZipEntry {
  uint64_t data = 0, stored = 0, size = 0;
  std::optional<uint32_t> crc;  // of the `size` bytes; none where they need no check
  bool deflated = false;
};

// The entries of an archive by name. Readers of zip files differ in what they make of a file that
// contradicts itself, so such a file is refused: the directory ends the file, the entries fill it
// up to there without gap or overlap, every local header and data descriptor says what the
// directory says, and no name is there twice. Entries that are deflated may hold twice the file
// and 4 MiB. Error(kBadData), kIo.
std::map<std::string, ZipEntry> read_zip_entries(const InputFile& file);

// Reads the bytes of an entry from `begin` on, as many as `to` has. All bytes are read where there
// is a CRC to check. `name` is for messages. Error(kBadData) for a wrong CRC or a damaged stream.
void read_zip_entry(const InputFile& file, const std::string& name, const ZipEntry& entry,
                    uint64_t begin, std::span<std::byte> to);

}  // namespace albert
