#include "albert/kernels/cuda/cublas/choices.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <sstream>

namespace albert::kernels {
namespace {

constexpr size_t kMax = 20000;  // most matmuls in a file

uint64_t checksum(const std::string& text) {  // FNV-1a
  uint64_t sum = 0xcbf29ce484222325;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return sum;
}

// A line is a checksum, then "<words of the algorithm in hex> <1 if timed> <matmul>".
std::string line_of(const std::string& matmul, const CublasChoice& choice) {
  std::ostringstream body, line;
  body << std::hex << std::setfill('0');
  for (const uint64_t word : choice.algo.data) body << std::setw(16) << word << ' ';
  body << choice.timed << ' ' << matmul;
  line << std::hex << std::setfill('0') << std::setw(16) << checksum(body.str()) << ' '
       << body.str() << '\n';
  return line.str();
}

bool parse(const std::string& line, std::string& matmul, CublasChoice& choice) {
  std::istringstream in(line);
  uint64_t sum = 0;
  in >> std::hex >> sum;
  for (uint64_t& word : choice.algo.data) in >> word;
  in >> choice.timed;
  std::getline(in >> std::ws, matmul);
  return in && line.size() > 17 && checksum(line.substr(17)) == sum;
}

}  // namespace

CublasChoices::CublasChoices(std::filesystem::path file, const std::string& gpu, size_t version)
    : file_(std::move(file)),
      header_("albert cublaslt 2, " + std::to_string(version) + ", " + gpu),
      kept_(read()) {}

std::optional<CublasChoice> CublasChoices::find(const std::string& matmul) const {
  for (const Entries* entries : {&added_, &kept_})
    if (const auto at = entries->find(matmul); at != entries->end()) return at->second;
  return std::nullopt;
}

void CublasChoices::add(const std::string& matmul, const CublasChoice& choice) {
  if (!file_.empty() && added_.size() < kMax) added_[matmul] = choice;
}

CublasChoices::Entries CublasChoices::read() const {
  Entries entries;
  std::ifstream in(file_);
  std::string line, matmul;
  if (!std::getline(in, line) || line != header_) return entries;
  CublasChoice choice{};
  while (entries.size() < kMax && std::getline(in, line))
    if (parse(line, matmul, choice)) entries[matmul] = choice;
  return entries;
}

bool CublasChoices::save() const noexcept {
  if (added_.empty()) return false;
  try {
    Entries all = added_;
    all.merge(read());  // other processes write too
    return write(all);
  } catch (const std::exception&) {
    return false;
  }
}

bool CublasChoices::write(const Entries& entries) const {
  std::error_code ignored;
  std::filesystem::create_directories(file_.parent_path(), ignored);
  const std::filesystem::path temporary = file_.string() + "." + std::to_string(getpid());
  std::ofstream out(temporary);
  out << header_ << '\n';
  for (const auto& [matmul, choice] : entries) out << line_of(matmul, choice);
  out.close();
  std::error_code failed;
  if (out) std::filesystem::rename(temporary, file_, failed);
  if (out && !failed) return true;
  std::filesystem::remove(temporary, ignored);
  return false;
}

std::filesystem::path cublas_choices_file(const std::string& gpu, size_t version) {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  if (!(cache && *cache) && !(home && *home)) return {};
  std::string name = "cublaslt-" + std::to_string(version) + "-" + gpu + ".txt";
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.') c = '-';
  const std::filesystem::path folder =
      cache && *cache ? std::filesystem::path(cache) : std::filesystem::path(home) / ".cache";
  return folder / "albert" / name;
}

}  // namespace albert::kernels
