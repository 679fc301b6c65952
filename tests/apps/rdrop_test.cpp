// albert finetune --rdrop_alpha: for which tasks and models, and that it counts and resumes.
#include "tests/support/answerers.h"
#include "tests/support/taggers.h"
#include "tests/support/task_runs.h"

namespace albert::testing {
namespace {

using nlohmann::json;

const std::string kSpiece = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";

class RDropRuns : public TaskFolder {
 protected:
  RDropRuns() {
    write_bytes(folder / "config.json", small_config().to_json());
    write_bytes(folder / "squad1", squad_file(false));
    write_bytes(folder / "squad2", squad_file(true));
    write_bytes(folder / "ner", conll_file());
    std::string choices = "sent1,sent2,ending0,ending1,label\n", texts = "text\tlabel\n",
                numbers = texts;
    for (int i = 0; i < 10; ++i) {
      choices +=
          "Ahab sits.,He,sings " + std::to_string(i) + ",rows," + std::to_string(i % 2) + "\n";
      texts += "a text " + std::to_string(i) + (i % 3 ? "\tgood\n" : "\tbad\n");
      numbers += "a text\t" + std::to_string(i) + "\n";
    }
    for (const auto& [name, bytes] : std::map<std::string, std::string>{
             {"choice", choices}, {"classify", texts}, {"multilabel", texts}, {"regress", numbers}})
      write_bytes(folder / name, bytes);
  }
  // On the task's file, which is also the one to evaluate, from a random start.
  Outcome train(const std::string& task, const std::string& out, const Names& more) const {
    const std::string ending = task.starts_with("squad") ? ".json"
                               : task == "choice"        ? ".csv"
                               : task == "ner"           ? ".txt"
                                                         : ".tsv";
    const std::string file = folder / (task + ending);
    std::filesystem::copy_file(folder / task, file,
                               std::filesystem::copy_options::overwrite_existing);
    const Names small = {"--train_file",      file,
                         "--validation_file", file,
                         "--config_name",     folder / "config.json",
                         "--tokenizer_name",  kSpiece,
                         "--logging_steps",   "1",
                         "--warmup_steps",    "0",
                         "--learning_rate",   "1e-3",
                         "--max_seq_length",  "64"};
    const Names windows = {"--max_query_length", "10", "--doc_stride", "8"};
    return finetune_task(task, out, small + (task.starts_with("squad") ? windows : Names{}) + more);
  }
  json first_update(const std::string& run) const {
    std::istringstream lines(read_bytes(folder / run / "metrics.jsonl"));
    std::string line;
    std::getline(lines, line);
    return json::parse(line);
  }
};

const Names kDropout = {"--max_steps", "3", "--hidden_dropout_prob", "0.3"};

TEST_F(RDropRuns, EveryKindWithSoftMaxesTakesIt) {
  for (const std::string task : {"classify", "choice", "ner", "squad1", "squad2"}) {
    double before = 0;
    for (const std::string alpha : {"0", "1", "5"}) {
      const Outcome r = train(task, task + alpha, kDropout + Names{"--rdrop_alpha", alpha});
      ASSERT_EQ(r.code, 0) << r.err;
      const double loss = first_update(task + alpha)["loss"];
      EXPECT_TRUE(alpha != "5" || loss > before) << task;  // the same passes as with 1
      before = loss;
    }
  }
}

// Where nothing is dropped though dropout is on, both passes are the same, so that each update is
// that of one pass. So it is only if all examples are counted twice.
TEST_F(RDropRuns, EqualPassesGiveTheUpdateOfOne) {
  const Names all = {"--max_steps", "4", "--classifier_dropout_prob", "1e-12"};
  for (const std::string task : {"classify", "choice", "ner"})
    for (const std::string parts : {"1", "2"}) {
      const Names more = all + Names{"--gradient_accumulation_steps", parts};
      ASSERT_EQ(train(task, "once" + task + parts, more).code, 0);
      ASSERT_EQ(train(task, "twice" + task + parts, more + Names{"--rdrop_alpha", "3"}).code, 0);
      const json once = parsed("once" + task + parts + "/eval_results.json"),
                 twice = parsed("twice" + task + parts + "/eval_results.json");
      EXPECT_NEAR(twice["eval_loss"].get<double>() / once["eval_loss"].get<double>(), 1, 1e-4);
      EXPECT_EQ(twice["epoch"], once["epoch"]);
      for (const char* name : {"loss", "gradient_norm"})
        EXPECT_NEAR(first_update("twice" + task + parts)[name].get<double>() /
                        first_update("once" + task + parts)[name].get<double>(),
                    1, 1e-4)
            << name;
    }
}

TEST_F(RDropRuns, GoesOnToTheSameBitsOnAnyNumberOfThreads) {
  const Names all = kDropout + Names{"--rdrop_alpha",
                                     "4",
                                     "--max_steps",
                                     "8",
                                     "--save_steps",
                                     "3",
                                     "--gradient_accumulation_steps",
                                     "2",
                                     "--precision",
                                     "bf16"};
  stop_and_resume("checkpoint-6", [&](const std::string& out, const Names& more) {
    return train("classify", out, all + more);
  });
  ASSERT_EQ(train("classify", "threads", all + Names{"--threads", "3"}).code, 0);
  EXPECT_EQ(read_bytes(folder / "threads/model.safetensors"),
            read_bytes(folder / "whole/model.safetensors"));
  // Another alpha is another run.
  const Outcome other = train("classify", "parts", all + Names{"--rdrop_alpha", "2"});
  EXPECT_EQ(other.code, 78) << other.err;
  EXPECT_TRUE(other.says("rdrop_alpha")) << other.err;
}

TEST_F(RDropRuns, IsRefusedWhereItMeansNothing) {
  const Names some = {"--max_steps", "1", "--rdrop_alpha", "1"};
  for (const std::string task : {"regress", "multilabel"}) {
    const Outcome r = train(task, "out", some);
    EXPECT_EQ(r.code, 2) << task;
    EXPECT_TRUE(r.says("--rdrop_alpha: is no option of a")) << r.err;
  }
  for (const std::string task : {"classify", "choice", "ner"}) {
    const Outcome r = train(task, "out", some + Names{"--classifier_dropout_prob", "0"});
    EXPECT_EQ(r.code, 78) << task;
    EXPECT_TRUE(
        r.says("found a model without dropout, wanted two passes that differ; give "
               "--classifier_dropout_prob or --hidden_dropout_prob"))
        << r.err;
  }
  // The span head has no dropout of its own.
  const Outcome span = train("squad1", "out", some);
  EXPECT_EQ(span.code, 78);
  EXPECT_TRUE(span.says("give --hidden_dropout_prob")) << span.err;
  const Outcome google = train("squad2", "out", some + Names{"--qa_head", "google"});
  EXPECT_EQ(google.code, 2);
  EXPECT_TRUE(google.says("found Google's head")) << google.err;
  const Outcome negative = train("classify", "out", some + Names{"--rdrop_alpha", "-1"});
  EXPECT_EQ(negative.code, 2);
  EXPECT_TRUE(negative.says("--rdrop_alpha -1: wanted 0 or more")) << negative.err;
}

}  // namespace
}  // namespace albert::testing
