#include "albert/trainer/loop/report.h"

#include <memory>
#include <ostream>

#include "apps/commands.h"

namespace albert::apps {

Runner declare_report(Command& command) {
  const auto folder = std::make_shared<std::string>();
  command.positional("run", *folder, "folder with metrics.jsonl");
  return [folder](std::ostream& out, std::ostream&) {
    write_report(*folder);
    out << (std::filesystem::path(*folder) / "report.html").string() << "\n";
    return 0;
  };
}

}  // namespace albert::apps
