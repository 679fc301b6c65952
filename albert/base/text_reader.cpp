#include "albert/base/text_reader.h"

#include <lzma.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "albert/base/error.h"
#include "albert/base/input_file.h"

namespace albert {
namespace {

constexpr size_t kBlock = 1 << 18, kLongestLine = size_t{256} << 20;
constexpr size_t kMagicBytes = 6;  // by which a compressed stream is told
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Turns bytes of the file into bytes of text. feed() is given what there is and says how much it
// took; the text is appended to `out`. `ended`: a whole stream is done (another may follow).
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual size_t feed(const char* data, size_t size,
                      std::string& out) = 0;  // throws std::runtime_error
  virtual bool ended() const = 0;
};

class Plain final : public Decoder {
 public:
  size_t feed(const char* data, size_t size, std::string& out) override {
    out.append(data, size);
    return size;
  }
  bool ended() const override { return true; }
};

class Gzip final : public Decoder {
 public:
  Gzip() { check(inflateInit2(&stream_, 15 + 32)); }
  ~Gzip() override { inflateEnd(&stream_); }
  size_t feed(const char* data, size_t size, std::string& out) override {
    if (ended_) check(inflateReset(&stream_));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data));
    stream_.avail_in = static_cast<uInt>(size);
    std::vector<char> block(kBlock);
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(block.data());
      stream_.avail_out = static_cast<uInt>(block.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result != Z_BUF_ERROR) check(result);
      ended_ = result == Z_STREAM_END;
      out.append(block.data(), block.size() - stream_.avail_out);
    } while (stream_.avail_out == 0 && !ended_);
    return size - stream_.avail_in;
  }
  bool ended() const override { return ended_; }

 private:
  static void check(int result) {
    if (result != Z_OK && result != Z_STREAM_END)
      throw std::runtime_error("the gzip stream is damaged");
  }
  z_stream stream_{};
  bool ended_ = false;
};

class Zstd final : public Decoder {
 public:
  Zstd() : stream_(ZSTD_createDStream(), ZSTD_freeDStream) {}
  size_t feed(const char* data, size_t size, std::string& out) override {
    ZSTD_inBuffer in{data, size, 0};
    std::vector<char> block(ZSTD_DStreamOutSize());
    bool more = true;
    while (in.pos < in.size || more) {
      ZSTD_outBuffer to{block.data(), block.size(), 0};
      const size_t result = ZSTD_decompressStream(stream_.get(), &to, &in);
      if (ZSTD_isError(result)) throw std::runtime_error("the zstd stream is damaged");
      out.append(block.data(), to.pos);
      ended_ = result == 0;
      more = to.pos == to.size;
    }
    return size;
  }
  bool ended() const override { return ended_; }

 private:
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream_;
  bool ended_ = false;
};

class Xz final : public Decoder {
 public:
  Xz() {
    constexpr uint64_t kMemory = uint64_t{1} << 30;
    if (lzma_stream_decoder(&stream_, kMemory, LZMA_CONCATENATED) != LZMA_OK)
      throw std::bad_alloc();
  }
  ~Xz() override { lzma_end(&stream_); }
  size_t feed(const char* data, size_t size, std::string& out) override {
    stream_.next_in = reinterpret_cast<const uint8_t*>(data);
    stream_.avail_in = size;
    std::vector<char> block(kBlock);
    do {
      stream_.next_out = reinterpret_cast<uint8_t*>(block.data());
      stream_.avail_out = block.size();
      const lzma_ret result = lzma_code(&stream_, size == 0 ? LZMA_FINISH : LZMA_RUN);
      if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR)
        throw std::runtime_error("the xz stream is damaged");
      ended_ = result == LZMA_STREAM_END;
      out.append(block.data(), block.size() - stream_.avail_out);
    } while (stream_.avail_out == 0 && !ended_);
    return size - stream_.avail_in;
  }
  bool ended() const override { return ended_; }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ended_ = false;
};

std::unique_ptr<Decoder> decoder_for(std::string_view first) {
  if (first.substr(0, 2) == "\x1F\x8B") return std::make_unique<Gzip>();
  if (first.substr(0, 4) == "\x28\xB5\x2F\xFD") return std::make_unique<Zstd>();
  if (first.substr(0, 6) == std::string_view("\xFD\x37\x7A\x58\x5A\x00", 6))
    return std::make_unique<Xz>();
  return std::make_unique<Plain>();
}

}  // namespace

struct TextReader::Source {
  explicit Source(int descriptor) : file(descriptor) {}

  Descriptor file;
  std::unique_ptr<Decoder> decoder;
  uint64_t taken = 0;
  bool done = false;

  // Appends more text to `out`; false when there is no more.
  bool read(std::string& out) {
    if (done) return false;
    std::vector<char> block(kBlock);
    const size_t size = fill(block);
    if (!decoder) decoder = decoder_for({block.data(), size});
    taken += size;
    done = size == 0;
    for (size_t at = 0; at < size;) at += decoder->feed(block.data() + at, size - at, out);
    if (!done) return true;
    if (!decoder->ended()) decoder->feed(nullptr, 0, out);
    if (!decoder->ended() && taken > 0)
      throw std::runtime_error("the compressed stream is cut short");
    return true;
  }

 private:
  // Bytes read; 0 at the end. A pipe gives its lines as they come, but the first bytes are enough
  // to tell a compressed stream.
  size_t fill(std::vector<char>& block) const {
    size_t size = 0, got = 0;
    do {
      got = read_some(block.data() + size, block.size() - size);
      size += got;
    } while (got > 0 && !decoder && size < kMagicBytes && !std::memchr(block.data(), '\n', size));
    return size;
  }
  size_t read_some(char* to, size_t most) const {
    for (;;) {
      const ssize_t got = ::read(file.number(), to, most);
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR) fail(ErrorCode::kIo, "cannot read: ", std::strerror(errno));
    }
  }
};

TextReader::TextReader(const std::filesystem::path& path)
    : name_(path.string()), source_(std::make_unique<Source>(open_for_reading(path))) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    fail(ErrorCode::kBadData, name_, ": is a folder, wanted a text file");
}

TextReader::TextReader(std::string name, std::unique_ptr<Source> source)
    : name_(std::move(name)), source_(std::move(source)) {}

std::unique_ptr<TextReader> TextReader::standard_input() {
  const int descriptor = dup(STDIN_FILENO);
  if (descriptor < 0) fail(ErrorCode::kIo, "stdin: cannot open: ", std::strerror(errno));
  return std::unique_ptr<TextReader>(new TextReader("stdin", std::make_unique<Source>(descriptor)));
}

TextReader::~TextReader() = default;
uint64_t TextReader::compressed_bytes() const { return source_->taken; }

bool TextReader::next(std::string& line) {
  size_t end = buffer_.find('\n', at_);
  while (end == std::string::npos) {
    if (buffer_.size() - at_ > kLongestLine)
      fail(ErrorCode::kBadData, name_, ":", line_ + 1,
           ": a line of more than 256 MiB; is this a text file?");
    buffer_.erase(0, at_);
    at_ = 0;
    const size_t before = buffer_.size();
    try {
      if (!source_->read(buffer_)) break;
    } catch (const Error& e) {
      fail(e.code(), name_, ": ", e.what());
    } catch (const std::runtime_error& e) {
      fail(ErrorCode::kBadData, name_, ":", line_ + 1, ": ", e.what());
    }
    end = buffer_.find('\n', before);
  }
  if (end == std::string::npos && at_ == buffer_.size()) return false;
  line.assign(buffer_, at_, end == std::string::npos ? end : end - at_);
  at_ = end == std::string::npos ? buffer_.size() : end + 1;
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line_++ == 0 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
  return true;
}

std::string read_whole_text(const std::filesystem::path& path) {
  TextReader reader(path);
  std::string text, line;
  while (reader.next(line)) {
    text += line;
    text += '\n';
  }
  return text;
}

bool has_extension(const std::filesystem::path& path, std::string_view extension) {
  const std::string name = path.filename().string();
  const size_t at = name.find(extension);
  if (at == std::string::npos) return false;
  const std::string_view rest = std::string_view(name).substr(at + extension.size());
  return rest.empty() || rest == ".gz" || rest == ".zst" || rest == ".xz";
}

bool is_json_lines(const std::filesystem::path& path) { return has_extension(path, ".jsonl"); }

}  // namespace albert
