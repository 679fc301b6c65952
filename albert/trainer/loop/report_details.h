#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace albert {

// A table of report.html. The first column is text.
struct ReportTable {
  std::string title, note = {};
  std::vector<std::string> columns = {};
  std::vector<std::vector<std::string>> rows = {};
  bool shaded = false;  // the numbers of a row are shaded by their share in it
};

// What each layer attends to in one text, averaged over the heads.
struct AttentionMaps {
  std::string note;
  std::vector<std::string> tokens = {};
  std::vector<std::vector<float>> layers = {};  // [tokens, tokens] each: rows attend to columns
};

// What a task shows of an evaluation beside the curves. The page knows nothing of tasks.
struct ReportDetails {
  std::vector<ReportTable> tables;
  std::optional<AttentionMaps> attention;

  bool empty() const { return tables.empty() && !attention; }
};

// Between a run and its page: output_dir/report_details.json. Error(kIo); reading gives nothing
// where there is no file, Error(kBadData) where it is damaged.
void write_report_details(const std::filesystem::path& output_dir, const ReportDetails& details);
ReportDetails read_report_details(const std::filesystem::path& output_dir);

// The sections of the page, for tables and maps in this order.
std::string html_of(const ReportDetails& details);

std::string html_escaped(const std::string& text);

}  // namespace albert
