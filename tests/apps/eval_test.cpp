// albert eval: which files of predictions it reads, and what it counts.
#include <cmath>

#include "tests/support/program.h"

namespace albert::testing {
namespace {

using nlohmann::json;

class Eval : public ::testing::Test {
 protected:
  // Predictions for gold labels 0 1 1 1 of sst2, unless `gold` says other ones.
  Outcome scored(const std::string& predictions, const std::vector<std::string>& more = {},
                 const std::string& name = "p",
                 const std::string& gold = "sentence\tlabel\na\t0\nb\t1\nc\t1\nd\t1\n") const {
    write_bytes(folder / "gold.tsv", gold);
    write_bytes(folder / name, predictions);
    std::vector<std::string> all = {"eval",   "--predictions",     folder / name,
                                    "--gold", folder / "gold.tsv", "--json"};
    const std::vector<std::string> task = {"--task", "sst2"};
    all.insert(all.end(), task.begin(), task.end());
    all.insert(all.end(), more.begin(), more.end());
    return run_albert(all);
  }
  TemporaryFolder folder;
};

// Right 0 1 1 1, predicted 0 0 1 1: F1 2/3 and 4/5; Matthews (1*2 - 1*0) / sqrt(2*1*3*2).
void expect_one_mistake(const Outcome& r) {
  ASSERT_EQ(r.code, 0) << r.err;
  const auto scores = json::parse(r.out);
  EXPECT_EQ(scores["accuracy"], 0.75);
  EXPECT_NEAR(scores["f1_by_label"]["negative"].get<double>(), 2.0 / 3, 1e-12);
  EXPECT_NEAR(scores["macro_f1"].get<double>(), (2.0 / 3 + 0.8) / 2, 1e-12);
  EXPECT_NEAR(scores["matthews_correlation"].get<double>(), 2 / std::sqrt(12), 1e-12);
  EXPECT_EQ(scores["confusion"]["positive"]["negative"], 1);
}

TEST_F(Eval, ReadsPredictionsOfEveryForm) {
  const std::vector<std::string> forms = {
      "{\"label\":\"negative\"}\n{\"label\":\"negative\"}\n{\"label\":\"positive\"}\n{\"label\":1}"
      "\n",
      "index\tprediction\n0\t0\n1\t0\n2\t1\n3\t1\n",
      "prediction\tindex\n0\t0\n0\t1\n1\t2\n1\t3\n",
      "id\tLabel\n0\t0\n1\t0\n2\t1\n3\t1",
      "0\t0\n1\t0\n2\t1\n3\t1\n",
      "prediction\nnegative\nnegative\nPOSITIVE\n1\n",
      "0\nnegative\n1\npositive\n"};
  for (const std::string& form : forms) {
    expect_one_mistake(scored(form));
    expect_one_mistake(scored("\xEF\xBB\xBF" + form));
    std::string odd = "\xEF\xBB\xBF";
    for (const char c : form) odd += c == '\n' ? std::string("\r\n\r\n") : std::string(1, c);
    expect_one_mistake(scored(odd));
  }
  expect_one_mistake(scored("\xEF\xBB\xBF" + forms[0], {}, "p.jsonl"));
  expect_one_mistake(
      scored(forms[1], {}, "p", "\xEF\xBB\xBFsentence\tlabel\r\na\t0\r\nb\t1\r\nc\t1\r\nd\t1\r\n"));
}

TEST_F(Eval, RefusesWhatIsNoPrediction) {
  EXPECT_TRUE(scored("0\n1\n").says("p:2: found the end behind 2 predictions, wanted 4"));
  EXPECT_TRUE(scored("0\n1\n1\n1\n0\n").says("p:5: found prediction 5, wanted 4"));
  EXPECT_TRUE(scored("0\n1\n{}\n1\n").says("p:3: found nothing, wanted \"label\""));
  EXPECT_TRUE(scored("{\"line\": 1, \"error\": \"x\"}\n").says("p:1: found \"error\", \"line\""));
  EXPECT_TRUE(scored("0\n1\n7\n1\n").says("p:3: found the label \"7\", wanted one of negative"));
  EXPECT_TRUE(scored("{\"label\": null}\n").says("wanted \"label\""));
  EXPECT_TRUE(scored("[0, 1, 1, 1]\n").says("p:1: found a list, wanted a JSON object"));
  EXPECT_TRUE(scored("0\n\xFF\n").says("p:2: byte 1 is not UTF-8"));
  const Outcome gold = scored("0\n", {}, "p", "sentence\tlabel\na\tmaybe\n");
  EXPECT_EQ(gold.code, 65);
  EXPECT_TRUE(gold.says("gold.tsv:2: found the label \"maybe\"")) << gold.err;
  EXPECT_TRUE(scored("0\n", {"--class_weights", "1"}).says("unknown option"));
}

TEST_F(Eval, ASubmissionHasEachIndexOnce) {
  expect_one_mistake(scored("index\tprediction\n3\t1\n0\t0\n2\t1\n1\tnegative\n"));
  expect_one_mistake(scored("label\tid\n1\t3\n0\t0\n1\t2\n0\t1\n"));
  const auto refused = [&](const std::string& rows) {
    const Outcome r = scored("index\tprediction\n" + rows);
    EXPECT_EQ(r.code, 65);
    return r.err.substr(r.err.find("p:"));
  };
  EXPECT_EQ(refused("0\t0\n1\t0\n1\t1\n3\t1\n").find("p:4: found the index \"1\" again"), 0U);
  EXPECT_EQ(refused("0\t0\n3\t0\n1\t1\n").find("p:4: found the end without the index 2"), 0U);
  EXPECT_EQ(refused("0\t0\n4\t0\n").find("p:3: found the index \"4\", wanted 0 to 3"), 0U);
  EXPECT_EQ(refused("0\t0\n-1\t0\n").find("p:3: found the index \"-1\", wanted 0 to 3"), 0U);
  EXPECT_EQ(refused("0\t0\n1\n").find("p:3: found 1 columns, wanted 2 or more"), 0U);
}

TEST_F(Eval, EachTaskHasTheMetricsOfItsScript) {
  const std::string gold =
      "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t1\t2\ta\tb\n1\t1\t2\ta\t\"b\n"
      "1\t1\t2\ta\tb\n1\t1\t2\ta\tb\n";
  const Outcome r = scored("0\n0\n1\nequivalent\n", {"--task", "mrpc"}, "p", gold);
  ASSERT_EQ(r.code, 0) << r.err;
  const auto mrpc = json::parse(r.out);
  EXPECT_EQ(mrpc["accuracy"], 0.75);
  EXPECT_NEAR(mrpc["f1"].get<double>(), 0.8, 1e-12);
  EXPECT_NEAR(mrpc["combined_score"].get<double>(), 0.775, 1e-12);
  const std::string cola = "s\t0\t*\tA the.\ns\t1\t\tA \"b.\ns\t1\t\tC.\ns\t1\t\tD.\n";
  expect_one_mistake(
      scored("0\n0\n1\n1\n", {"--task", "sst2", "--columns", "a,label,b,sentence"}, "p", cola));
  const auto with = json::parse(scored("0\n0\n1\n1\n", {"--task", "cola"}, "p", cola).out);
  EXPECT_NEAR(with["matthews_correlation"].get<double>(), 2 / std::sqrt(12), 1e-12);
  EXPECT_EQ(with["confusion"]["acceptable"]["unacceptable"], 1);
}

TEST_F(Eval, ListsOfMetricsThatMeanNothingAreRefused) {
  const std::string gold = "sentence\tlabel\na\t0\nb\t1\n";
  const auto with = [&](const std::string& metrics) {
    return scored("0\n1\n", {"--task", "sst2", "--metrics", metrics}, "p", gold);
  };
  EXPECT_EQ(with("accuracy,f1,combined_score").code, 0);
  EXPECT_TRUE(with("accuracy,f1,accuracy").says("--metrics: found accuracy twice"));
  const Outcome first = with("combined_score,accuracy");
  EXPECT_EQ(first.code, 2);
  EXPECT_TRUE(first.says("--metrics: found combined_score first")) << first.err;
}

TEST_F(Eval, NumbersAreCorrelated) {
  const std::string gold = "sentence1\tsentence2\tscore\na\tb\t5.000\na\tb\t2.5\na\tb\t0\n";
  for (const std::string predictions :
       {"{\"score\":1.5}\n{\"score\":1}\n{\"score\":-0.5}\n", "1.5\n1\n-0.5\n",
        "index\tprediction\n2\t-0.5\n0\t1.5\n1\t1.0\n"}) {
    const Outcome r = scored(predictions, {"--task", "stsb"}, "p", gold);
    ASSERT_EQ(r.code, 0) << r.err;
    const auto scores = json::parse(r.out);
    EXPECT_NEAR(scores["pearson"].get<double>(), 0.9607689228305228, 1e-12);
    EXPECT_NEAR(scores["spearmanr"].get<double>(), 1, 1e-12);
    EXPECT_NEAR(scores["combined_score"].get<double>(), 0.9803844614152614, 1e-12);
  }
  EXPECT_TRUE(
      scored("1\nx\n2\n", {"--task", "stsb"}, "p", gold).says("p:2: found \"x\", wanted a number"));
  EXPECT_TRUE(scored("1\nnan\n2\n", {"--task", "stsb"}, "p", gold).says("wanted a number"));
  const Outcome same = scored("1\n1\n1\n", {"--task", "stsb"}, "p", gold);
  EXPECT_TRUE(json::parse(same.out)["pearson"].is_null()) << same.out;
}

TEST_F(Eval, LabelSetsAreReadInEveryForm) {
  const std::string cells = "text\tlabel\na\tx,y\nb\t\nc\ty\n",
                    columns = "text\tx\ty\na\t1\tTRUE\nb\t0\tfalse\nc\t0\t1\n";
  const auto scores = [&](const std::string& predictions, const std::string& gold,
                          std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--task", "multilabel"});
    const Outcome r = scored(predictions, more, "p", gold);
    EXPECT_EQ(r.code, 0) << r.err;
    return r.code == 0 ? json::parse(r.out) : json();
  };
  const std::string lines = "{\"labels\":[\"y\"]}\n{\"labels\":[]}\n{\"labels\":[\"y\"]}\n",
                    table = "index\tprediction\n0\ty\n1\t\n2\ty\n";
  for (const auto& predictions : {lines, table})
    for (const auto& [gold, more] : std::vector<std::pair<std::string, std::vector<std::string>>>{
             {cells, {}}, {columns, {"--label_columns", "x,y"}}}) {
      const json s = scores(predictions, gold, more);
      EXPECT_NEAR(s["accuracy"].get<double>(), 2.0 / 3, 1e-12);
      EXPECT_NEAR(s["micro_f1"].get<double>(), 0.8, 1e-12);
      EXPECT_NEAR(s["macro_f1"].get<double>(), 0.5, 1e-12);
      EXPECT_NEAR(s["samples_f1"].get<double>(), (2.0 / 3 + 0 + 1) / 3, 1e-12);
    }
  EXPECT_TRUE(scored("y\n\ny\n", {"--task", "multilabel", "--label_columns", "x,y"}, "p",
                     "text\tx\ty\na\t1\t2\n")
                  .says("gold.tsv:2: \"y\": found \"2\", wanted one of 0, 1, true, false"));
}

TEST_F(Eval, AClassThatGoldLacksIsWrong) {
  const std::string gold = "text\tlabel\na\tx\nb\tx\nc\ty\nd\tx\n";
  const Outcome r = scored("x\nz\ny\nx\n", {"--task", "classify"}, "p", gold);
  ASSERT_EQ(r.code, 0) << r.err;
  const auto scores = json::parse(r.out);
  EXPECT_EQ(scores["accuracy"], 0.75);
  EXPECT_EQ(scores["confusion"]["x"]["z"], 1);
  // scikit-learn's macro average is over the classes of both: F1 of x 0.8, y 1, z 0
  EXPECT_NEAR(scores["macro_f1"].get<double>(), 0.6, 1e-12);
  // a header is no prediction, unless it is a label of the task
  EXPECT_EQ(scored("label\nx\nx\ny\nx\n", {"--task", "classify"}, "p", gold).code, 0);
  EXPECT_EQ(
      scored("label\n0\n", {"--labels", "0=label,1=other"}, "p", "x\tlabel\na\t0\nb\t0\n").code, 0);
}

}  // namespace
}  // namespace albert::testing
