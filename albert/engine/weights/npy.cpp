#include "albert/engine/weights/npy.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

// numpy/lib/format.py: magic, version, the length of the header, and a Python dict with blanks
// behind it, so that the data begin at a multiple of 64 bytes.
constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr size_t kHeaderBytes = 128, kPrefixBytes = 10;

std::string header_of(int64_t rows, int64_t columns) {
  std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) +
                     ", " + std::to_string(columns) + "), }";
  dict.resize(kHeaderBytes - kPrefixBytes - 1, ' ');
  const auto length = static_cast<char>(dict.size() + 1);
  return std::string(kMagic) + std::string("\x01\x00", 2) + length + '\0' + dict + "\n";
}

// What stands between `before` and `behind`.
std::optional<std::string_view> between(std::string_view text, std::string_view before,
                                        char behind) {
  const size_t at = text.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + before.size());
  const size_t end = text.find(behind);
  return end == std::string_view::npos ? std::nullopt : std::optional(text.substr(0, end));
}

// "12", also with a blank before it.
std::optional<int64_t> number(std::string_view text) {
  if (text.starts_with(' ')) text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

NpyWriter::NpyWriter(const std::filesystem::path& path, int64_t columns)
    : file_(path, 0), columns_(columns) {
  file_.write(header_of(0, columns_));
}

void NpyWriter::write(const HostTensor& rows) {
  ALBERT_CHECK(rows.dtype() == DType::kF32 && rows.dim(1) == columns_, "rows ",
               rows.shape_string());
  file_.write(rows.raw(), rows.bytes());
  rows_ += rows.dim(0);
}

void NpyWriter::publish() {
  file_.overwrite(0, header_of(rows_, columns_));
  file_.publish();
}

NpyReader::NpyReader(PlacedBytes file) : file_(std::move(file)) {
  const std::string header = read_header();
  data_ = kPrefixBytes + header.size();
  const auto type = between(header, "'descr': '", '\''), shape = between(header, "'shape': (", ')');
  if (!type || !shape || header.find("'fortran_order': False") == std::string::npos)
    broken(in_quotes(header), "rows of floats in C order");
  if (*type != "<f4" && *type != "<f8" && *type != "<f2")
    broken("the type " + in_quotes(*type), one_of({"<f4", "<f8", "<f2"}));
  dtype_ = *type == "<f8" ? DType::kF64 : *type == "<f2" ? DType::kF16 : DType::kF32;
  const size_t comma = std::min(shape->find(','), shape->size() - 1);
  const auto rows = number(shape->substr(0, comma)), columns = number(shape->substr(comma + 1));
  if (shape->empty() || !rows || !columns || *columns == 0)
    broken("the shape (" + printable(*shape) + ")", "rows and columns");
  rows_ = *rows;
  columns_ = *columns;
  const auto bytes = array_bytes({rows_, columns_}, dtype_);
  const uint64_t there = file_.size - data_;
  if (!bytes || *bytes != there)
    broken(std::to_string(there) + " bytes of data", "those of " + shape_string({rows_, columns_}));
}

void NpyReader::broken(const std::string& found, const std::string& wanted) const {
  fail(ErrorCode::kBadData, file_.name, ": found ", found, ", wanted ", wanted);
}

// All that stands before the data, but the first bytes.
std::string NpyReader::read_header() {
  if (file_.size < kPrefixBytes) broken("another beginning", "a file of numpy.save()");
  std::string start(kPrefixBytes, '\0');
  file_.read_at(0, std::as_writable_bytes(std::span(start)));
  if (!start.starts_with(kMagic)) broken("another beginning", "a file of numpy.save()");
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(start[i])); };
  // From version 2 on the length has two bytes more, which count as a part of the header here.
  const size_t length = (byte(8) | byte(9) << 8) + (byte(6) >= 2 ? 2 : 0);
  if (length + kPrefixBytes > file_.size) broken("a header that is cut off", "all of it");
  std::string header(length, '\0');
  file_.read_at(kPrefixBytes, std::as_writable_bytes(std::span(header)));
  return header;
}

HostTensor NpyReader::read(int64_t most) {
  const int64_t n = std::min(most, rows_ - at_);
  HostTensor rows = HostTensor::uninitialized(dtype_, {n, columns_});
  const uint64_t row_bytes = static_cast<uint64_t>(columns_) * size_of(dtype_);
  file_.read_at(data_ + static_cast<uint64_t>(at_) * row_bytes,
                {static_cast<std::byte*>(rows.raw()), rows.bytes()});
  at_ += n;
  if (at_ == rows_) file_.check_unchanged();
  return dtype_ == DType::kF32 ? rows : rows.to(DType::kF32);
}

}  // namespace albert
