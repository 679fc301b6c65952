#include "apps/cli/line_file.h"

#include <ostream>

namespace albert::apps {

LineFile::LineFile(const std::string& output, std::ostream& out) : out_(out) {
  if (!output.empty()) file_ = std::make_unique<AtomicFile>(output, 0);
}

void LineFile::write(const std::string& text) {
  if (file_)
    file_->write(text);
  else
    (out_ << text).flush();
}

void LineFile::publish() {
  if (file_) file_->publish();
}

}  // namespace albert::apps
