#include "albert/trainer/loop/report.h"

#include <memory>
#include <ostream>

#include "albert/trainer/loop/comparison.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

struct ReportFlags {
  std::vector<std::string> runs;
  std::string output = "comparison.html";
};

}  // namespace

Runner declare_report(Command& command) {
  const auto flags = std::make_shared<ReportFlags>();
  command.positional("run", flags->runs, "folder with metrics.jsonl; of several, a comparison");
  command.option("output", flags->output, "page of a comparison");
  return [flags](std::ostream& out, std::ostream&) {
    std::filesystem::path page = flags->output;
    if (flags->runs.size() == 1) {
      write_report(flags->runs.front());
      page = std::filesystem::path(flags->runs.front()) / "report.html";
    } else {
      write_comparison({flags->runs.begin(), flags->runs.end()}, page);
    }
    out << page.string() << "\n";
    return 0;
  };
}

}  // namespace albert::apps
