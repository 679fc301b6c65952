#include "albert/trainer/loop/progress.h"

#include <cmath>
#include <cstdio>
#include <ostream>

namespace albert {
namespace {

constexpr int kBarCells = 20;
constexpr auto kRedraw = std::chrono::milliseconds(100);

double seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

std::string format(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

std::string bar(double share) {
  const int full = static_cast<int>(share * kBarCells);
  std::string cells;
  for (int i = 0; i < kBarCells; ++i) cells += i < full ? "█" : "░";
  return cells;
}

}  // namespace

std::string clock_text(double total) {
  const auto s = static_cast<int64_t>(std::llround(std::max(0.0, total)));
  char text[64];
  if (s >= 3600)
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", static_cast<long long>(s / 3600),
                  static_cast<long long>(s / 60 % 60), static_cast<long long>(s % 60));
  else
    std::snprintf(text, sizeof text, "%lld:%02lld", static_cast<long long>(s / 60),
                  static_cast<long long>(s % 60));
  return text;
}

std::string short_number(double value) {
  if (value >= 1e6) return format("%.1fM", value / 1e6);
  if (value >= 1e3) return format("%.1fk", value / 1e3);
  return format("%.0f", value);
}

Progress::Progress(std::ostream& out, bool terminal, int64_t total_steps, int64_t first_step)
    : out_(out), terminal_(terminal), total_(total_steps), first_(first_step) {}

double Progress::tokens_per_second() const {
  const double elapsed = seconds(Clock::now() - recorded_);
  return elapsed > 0 ? tokens_ / elapsed : 0;
}

std::string Progress::eta(int64_t step) const {
  const double done = static_cast<double>(step - first_), left = static_cast<double>(total_ - step);
  return done > 0 ? clock_text(seconds(Clock::now() - start_) / done * left) : "?";
}

void Progress::draw(int64_t step) {
  const double share =
      static_cast<double>(step) / static_cast<double>(std::max<int64_t>(1, total_));
  const std::string rate = short_number(rate_ > 0 ? rate_ : tokens_per_second()) + " tokens/s";
  out_ << "\r\033[K" << bar(share) << " step " << step << "/" << total_ << shown_ << "  " << rate
       << "  eta " << eta(step) << std::flush;
}

void Progress::step(int64_t step, double tokens) {
  tokens_ += tokens;
  if (!terminal_ || Clock::now() - drawn_ < kRedraw) return;
  drawn_ = Clock::now();
  draw(step);
}

void Progress::record(int64_t step, const Metrics& metrics) {
  rate_ = tokens_per_second();
  shown_.clear();
  for (const auto& [name, value] : metrics.values())
    if (name != "tokens_per_second") shown_ += "  " + name + " " + format("%.4g", value);
  if (terminal_)
    draw(step);
  else
    out_ << "step " << step << "/" << total_ << shown_ << "  " << short_number(rate_)
         << " tokens/s  eta " << eta(step) << std::endl;
  recorded_ = Clock::now();
  tokens_ = 0;
}

void Progress::note(const std::string& line) {
  out_ << (terminal_ ? "\r\033[K" : "") << line << std::endl;
}

void Progress::finish() {
  if (terminal_) out_ << std::endl;
}

}  // namespace albert
