#pragma once
#include <iosfwd>
#include <memory>
#include <string>

#include "albert/base/atomic_file.h"

namespace albert::apps {

// Lines that answer lines: into a file, which is there complete or not at all, or onto `out` as
// they come where `output` is empty.
class LineFile {
 public:
  LineFile(const std::string& output, std::ostream& out);
  void write(const std::string& text);
  void publish();

 private:
  std::ostream& out_;
  std::unique_ptr<AtomicFile> file_;
};

}  // namespace albert::apps
