#include "albert/trainer/loop/report_details.h"

#include <cmath>
#include <cstdlib>
#include <sstream>

#include "albert/base/atomic_file.h"
#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"

namespace albert {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kFile = "report_details.json";
constexpr uint64_t kMaxBytes = uint64_t{1} << 28;
constexpr int kCell = 9, kMargin = 4;  // pixels of a map

// Attention in thousandths, which is more than a picture shows.
std::vector<int> thousandths(const std::vector<float>& map) {
  std::vector<int> values;
  for (const float v : map) values.push_back(static_cast<int>(std::lround(v * 1000)));
  return values;
}

json json_of(const ReportDetails& details) {
  json document = {{"tables", json::array()}};
  for (const ReportTable& table : details.tables)
    document["tables"].push_back({{"title", table.title},
                                  {"note", table.note},
                                  {"columns", table.columns},
                                  {"rows", table.rows},
                                  {"shaded", table.shaded}});
  if (!details.attention) return document;
  json layers = json::array();
  for (const auto& layer : details.attention->layers) layers.push_back(thousandths(layer));
  document["attention"] = {
      {"note", details.attention->note}, {"tokens", details.attention->tokens}, {"layers", layers}};
  return document;
}

ReportTable table_in(const json& value) {
  return {value.at("title").get<std::string>(), value.at("note").get<std::string>(),
          value.at("columns").get<std::vector<std::string>>(),
          value.at("rows").get<std::vector<std::vector<std::string>>>(),
          value.at("shaded").get<bool>()};
}

AttentionMaps maps_in(const json& value) {
  AttentionMaps maps{
      value.at("note").get<std::string>(), value.at("tokens").get<std::vector<std::string>>(), {}};
  const size_t size = maps.tokens.size() * maps.tokens.size();
  for (const json& layer : value.at("layers")) {
    maps.layers.emplace_back();
    for (const int v : layer.get<std::vector<int>>())
      maps.layers.back().push_back(static_cast<float>(v) / 1000);
    if (maps.layers.back().size() != size)
      fail(ErrorCode::kBadData, "found a map of ", maps.layers.back().size(), " numbers, wanted ",
           size);
  }
  return maps;
}

// What a cell says as a number; 0 where it is none.
double number_in(const std::string& cell) { return std::strtod(cell.c_str(), nullptr); }

void draw_row(std::ostream& out, const std::vector<std::string>& row, bool shaded) {
  double sum = 0;
  for (size_t i = 1; shaded && i < row.size(); ++i) sum += number_in(row[i]);
  out << "<tr>";
  for (size_t i = 0; i < row.size(); ++i) {
    out << "<td";
    if (i > 0 && sum > 0)
      out << " style='background:rgba(47,111,222,"
          << std::lround(70 * number_in(row[i]) / sum) / 100.0 << ")'";
    out << ">" << html_escaped(row[i]) << "</td>";
  }
  out << "</tr>\n";
}

void draw(std::ostream& out, const ReportTable& table) {
  out << "<section><h2>" << html_escaped(table.title) << "</h2>";
  if (!table.note.empty()) out << "<p class='key'>" << html_escaped(table.note) << "</p>";
  out << "<div class='wide'><table><tr>";
  for (const auto& column : table.columns) out << "<th>" << html_escaped(column) << "</th>";
  out << "</tr>\n";
  for (const auto& row : table.rows) draw_row(out, row, table.shaded);
  out << "</table></div></section>\n";
}

// One picture of a layer: a column for each token that is attended to.
void draw_map(std::ostream& out, const AttentionMaps& maps, size_t layer) {
  const size_t n = maps.tokens.size();
  const size_t size = n * kCell + 2 * kMargin;
  out << "<figure><figcaption>layer " << layer + 1 << "</figcaption><svg width='" << size
      << "' height='" << size << "' viewBox='0 0 " << size << ' ' << size
      << "'><rect class='frame' width='" << size << "' height='" << size << "'/>";
  for (size_t from = 0; from < n; ++from)
    for (size_t to = 0; to < n; ++to) {
      const float share = maps.layers[layer][from * n + to];
      if (share < 0.005F) continue;  // not to be seen
      out << "<rect class='cell' x='" << kMargin + to * kCell << "' y='" << kMargin + from * kCell
          << "' width='" << kCell << "' height='" << kCell << "' opacity='"
          << std::lround(share * 100) / 100.0 << "'><title>" << html_escaped(maps.tokens[from])
          << " → " << html_escaped(maps.tokens[to]) << "</title></rect>";
    }
  out << "</svg></figure>\n";
}

void draw(std::ostream& out, const AttentionMaps& maps) {
  out << "<section><h2>attention over depth</h2><p class='key'>" << html_escaped(maps.note)
      << "</p><p>";
  for (const auto& token : maps.tokens) out << "<code>" << html_escaped(token) << "</code> ";
  out << "</p><div class='maps'>\n";
  for (size_t layer = 0; layer < maps.layers.size(); ++layer) draw_map(out, maps, layer);
  out << "</div></section>\n";
}

}  // namespace

void write_report_details(const fs::path& output_dir, const ReportDetails& details) {
  write_file_atomically(output_dir / kFile, json_of(details).dump() + "\n");
}

ReportDetails read_report_details(const fs::path& output_dir) {
  const fs::path file = output_dir / kFile;
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return {};
  const json document =
      parse_json(file.string(), read_text_file(file, kMaxBytes), {.max_values = 10'000'000});
  ReportDetails details;
  try {
    for (const json& table : document.at("tables")) details.tables.push_back(table_in(table));
    if (document.contains("attention")) details.attention = maps_in(document["attention"]);
  } catch (const std::exception&) {
    fail(ErrorCode::kBadData, file.string(),
         ": found what albert finetune does not write, wanted tables and maps; remove it, or train "
         "again");
  }
  return details;
}

std::string html_of(const ReportDetails& details) {
  std::ostringstream out;
  for (const ReportTable& table : details.tables) draw(out, table);
  if (details.attention) draw(out, *details.attention);
  return out.str();
}

std::string html_escaped(const std::string& text) {
  std::string out;
  for (const char c : text)
    out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : c == '\'' ? "&#39;" : std::string(1, c);
  return out;
}

}  // namespace albert
