#pragma once
// Small files of every task of GLUE in its official layout, whose texts hold quotes of all kinds.
#include <map>
#include <set>
#include <string>
#include <vector>

namespace albert::testing {

using Names = std::vector<std::string>;
using Files = std::map<std::string, std::string>;  // name: bytes

struct GlueCase {
  std::string task;
  Files files;
  std::set<std::string> results;                 // in eval_results.json beside epoch
  std::map<std::string, std::string> predicted;  // predict_results file: submission
  std::set<std::string> names, values;           // of labels, in the two; empty: numbers
};

// A table with these cells under the header.
inline std::string rows(const std::string& header, const std::vector<Names>& cells) {
  std::string table = header + "\n";
  for (const Names& row : cells) {
    for (size_t i = 0; i < row.size(); ++i) table += (i > 0 ? "\t" : "") + row[i];
    table += "\n";
  }
  return table;
}

inline const std::string kOdd = "\"He said it's \"\"odd", kQuote = "5' 11\" tall \"";
inline const std::string kPairs = "index\tsentence1\tsentence2";
inline const std::set<std::string> kAccuracy = {"eval_loss", "eval_samples", "eval_accuracy"},
                                   kAccuracyAndF1 = {"eval_loss", "eval_samples", "eval_accuracy",
                                                     "eval_f1", "eval_combined_score"},
                                   kYesNo = {"entailment", "not_entailment"}, kBits = {"0", "1"};

inline GlueCase cola_case() {
  const std::string labelled = "gj04\t1\t\t" + kOdd + "\nc13\t0\t*\tBooks \"the.\n";
  return {"cola",
          {{"train.tsv", labelled},
           {"dev.tsv", labelled},
           {"test.tsv", rows("index\tsentence", {{"0", kOdd}})}},
          {"eval_loss", "eval_samples", "eval_matthews_correlation"},
          {{"predict_results_cola.txt", "CoLA.tsv"}},
          {"unacceptable", "acceptable"},
          kBits};
}

inline GlueCase sst2_case() {
  const std::string labelled = rows("sentence\tlabel", {{kOdd, "1"}, {kQuote, "0"}});
  return {"sst2",
          {{"train.tsv", labelled},
           {"dev.tsv", labelled},
           {"test.tsv", rows("index\tsentence", {{"0", kOdd}})}},
          kAccuracy,
          {{"predict_results_sst2.txt", "SST-2.tsv"}},
          {"negative", "positive"},
          kBits};
}

inline GlueCase mrpc_case() {
  const std::string header = "#1 ID\t#2 ID\t#1 String\t#2 String";
  const std::string labelled =
      "\xEF\xBB\xBF" +
      rows("Quality\t" + header, {{"1", "1", "2", kOdd, kQuote}, {"0", "3", "4", "a", "\""}});
  return {"mrpc",
          {{"train.tsv", labelled},
           {"dev.tsv", labelled},
           {"test.tsv", rows("index\t" + header, {{"0", "1", "2", kOdd, kQuote}})}},
          kAccuracyAndF1,
          {{"predict_results_mrpc.txt", "MRPC.tsv"}},
          {"not_equivalent", "equivalent"},
          kBits};
}

inline GlueCase stsb_case() {
  const std::string header =
      "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2";
  const Names row = {"0", "g", "f", "y", "0", "n", "n", kOdd, kQuote};
  std::vector<Names> scored;
  for (const char* score : {"5.000", "2.250", "0"}) {
    scored.push_back(row);
    scored.back().push_back(score);
  }
  const std::string labelled = rows(header + "\tscore", scored);
  return {"stsb",
          {{"train.tsv", labelled}, {"dev.tsv", labelled}, {"test.tsv", rows(header, {row})}},
          {"eval_loss", "eval_samples", "eval_pearson", "eval_spearmanr", "eval_combined_score"},
          {{"predict_results_stsb.txt", "STS-B.tsv"}},
          {},
          {}};
}

// One of its rows is too short.
inline GlueCase qqp_case() {
  const std::string labelled = rows("id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
                                    {{"7", "1", "2", kOdd, kQuote, "0"},
                                     {"9", "3", "4", "broken"},
                                     {"10", "1", "2", kQuote, "\"", "1"}});
  return {"qqp",
          {{"train.tsv", labelled},
           {"dev.tsv", labelled},
           {"test.tsv", rows("id\tquestion1\tquestion2", {{"0", kOdd, kQuote}})}},
          kAccuracyAndF1,
          {{"predict_results_qqp.txt", "QQP.tsv"}},
          {"not_duplicate", "duplicate"},
          kBits};
}

// `annotators` have a label each, before the gold one.
inline std::string nli_rows(size_t annotators, const Names& gold) {
  std::string header =
      "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t"
      "sentence1_parse\tsentence2_parse\tsentence1\tsentence2";
  for (size_t i = 1; i <= annotators; ++i) header += "\tlabel" + std::to_string(i);
  std::vector<Names> cells;
  for (const std::string& label : gold) {
    Names row(8, "_");
    row.insert(row.end(), {kOdd, kQuote});
    row.insert(row.end(), annotators, "_");
    row.push_back(label);
    cells.push_back(row);
  }
  return rows(header + "\tgold_label", cells);
}

inline GlueCase mnli_case() {
  const std::string dev = nli_rows(5, {"neutral", "entailment", "contradiction"}),
                    test = rows(kPairs, {{"0", kOdd, kQuote}, {"1", "a", "b"}});
  const std::set<std::string> labels = {"entailment", "neutral", "contradiction"};
  return {
      "mnli",
      {{"train.tsv", nli_rows(1, {"neutral", "entailment"})},
       {"dev_matched.tsv", dev},
       {"dev_mismatched.tsv", dev},
       {"test_matched.tsv", test},
       {"test_mismatched.tsv", test}},
      {"eval_loss", "eval_samples", "eval_accuracy", "eval_loss_mm", "eval_samples_mm",
       "eval_accuracy_mm"},
      {{"predict_results_mnli.txt", "MNLI-m.tsv"}, {"predict_results_mnli-mm.txt", "MNLI-mm.tsv"}},
      labels,
      labels};
}

inline GlueCase pair_case(const std::string& task, const std::string& header,
                          const std::string& submission, const std::string& no,
                          const std::string& yes) {
  const auto labelled = rows(header + "\tlabel", {{"0", kOdd, kQuote, no}, {"1", "a", "b", yes}});
  return {task,
          {{"train.tsv", labelled},
           {"dev.tsv", labelled},
           {"test.tsv", rows(header, {{"0", kOdd, kQuote}, {"1", "a", "\""}})}},
          kAccuracy,
          {{"predict_results_" + task + ".txt", submission}},
          kYesNo,
          {no, yes}};
}

inline GlueCase rte_case() {
  return pair_case("rte", kPairs, "RTE.tsv", "not_entailment", "entailment");
}

inline std::vector<GlueCase> glue_cases() {
  return {
      cola_case(),
      sst2_case(),
      mrpc_case(),
      stsb_case(),
      qqp_case(),
      mnli_case(),
      pair_case("qnli", "index\tquestion\tsentence", "QNLI.tsv", "not_entailment", "entailment"),
      rte_case(),
      pair_case("wnli", kPairs, "WNLI.tsv", "0", "1")};
}

}  // namespace albert::testing
