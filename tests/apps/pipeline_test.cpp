// The main job through the command line: text, vocabulary, shards, pre-training that is killed and
// goes on, fine-tuning, prediction; and what each says to bad input.
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <random>

#include "albert/trainer/tasks/pretraining_recipes.h"
#include "tests/support/pretraining_runs.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;

const std::string kData = std::string(ALBERT_SOURCE_DIR) + "/data/demo/";
const std::string kVocabulary = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";

struct Pipeline : PretrainingRuns {
  Pipeline() : PretrainingRuns(ALBERT_GOLDEN_DIR) {}
};

// Starts the program and kills it after a random time; whether it was killed.
bool run_and_kill(const std::vector<std::string>& arguments, int microseconds) {
  const pid_t child = start(arguments);
  usleep(static_cast<useconds_t>(microseconds));
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status);
}

TEST_F(Pipeline, KilledTwentyTimesEndsWithTheSameBits) {
  ASSERT_EQ(run_albert(pretrain("whole")).code, 0);
  const char* times = std::getenv("ALBERT_KILLS");
  const int wanted = times ? std::atoi(times) : 20;
  std::mt19937 random(17);
  int killed = 0, restarts = 0;
  for (int tries = 0; killed < wanted && tries < 20 * wanted; ++tries) {
    if (fs::exists(folder / "parts/model.safetensors")) {
      EXPECT_EQ(read_bytes(folder / "parts/model.safetensors"),
                read_bytes(folder / "whole/model.safetensors"));
      fs::remove_all(folder / "parts");
      ++restarts;
    }
    killed += run_and_kill(pretrain("parts"), 30'000 + static_cast<int>(random() % 120'000));
  }
  EXPECT_EQ(killed, wanted) << restarts;
  ASSERT_EQ(run_albert(pretrain("parts")).code, 0);
  EXPECT_EQ(read_bytes(folder / "parts/model.safetensors"),
            read_bytes(folder / "whole/model.safetensors"));
}

TEST(PretrainingRecipes, AreSizesAndSettingsThatTheUserMayChange) {
  const auto options = [](std::vector<std::string> more) {
    return nlohmann::json::parse(
        run_albert(joined({"pretrain", "--dump_config"}, std::move(more))).out);
  };
  const auto google = options({"--recipe", "google"});
  EXPECT_EQ(google["train_batch_size"], 4096);
  EXPECT_EQ(google["warmup_steps"], 3125);
  EXPECT_EQ(google["lr_scheduler_type"], "google");
  EXPECT_EQ(google["sentence_order_dropout_prob"], 0);
  const auto large = options({"--recipe", "paper-xlarge-v1", "--train_batch_size", "512"});
  EXPECT_EQ(large["hidden_size"], 2048);
  EXPECT_EQ(large["num_attention_heads"], 16);
  EXPECT_EQ(large["hidden_dropout_prob"], 0.1);
  EXPECT_EQ(large["max_steps"], 125000);
  EXPECT_EQ(large["train_batch_size"], 512);
  for (const std::string& name : pretraining_recipe_names())
    EXPECT_EQ(options({"--recipe", name})["max_seq_length"], 512) << name;
  EXPECT_EQ(run_albert({"pretrain", "--recipe", "paper", "--dump_config"}).code, 2);
}

// Sentence order alone, as with Google's masked_lm_prob 0.
TEST_F(Pipeline, LearnsWithoutMaskedTokens) {
  ASSERT_EQ(run_albert(pretrain("order", {"--masked_lm_prob", "0"})).code, 0);
  const std::string metrics = read_bytes(folder / "order/metrics.jsonl");
  EXPECT_NE(metrics.find("\"eval_sop_loss\""), std::string::npos);
  EXPECT_EQ(metrics.find("mlm"), std::string::npos);
  EXPECT_EQ(metrics.find("null"), std::string::npos);
}

TEST_F(Pipeline, ATermSignalSavesAndAsksToBeRequeued) {
  const pid_t child = start(pretrain("run", {"--max_steps", "100000"}));
  const bool saved = appears(folder / "run/checkpoint-2");
  kill(child, SIGTERM);
  ASSERT_TRUE(saved);
  EXPECT_EQ(exit_code_of(child), 75);
}

// No file may grow beyond `bytes`, as on a disk that is full from there on.
void limit_files(rlim_t bytes) {
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  setrlimit(RLIMIT_FSIZE, &limit);
}

TEST_F(Pipeline, AFullDiskEndsTheRunAndKeepsTheCheckpointBefore) {
  ASSERT_EQ(run_albert(pretrain("whole")).code, 0);
  ASSERT_EQ(exit_code_of(start(pretrain("full", {"--max_steps", "30"}), [] { limit_files(4096); })),
            74);
  EXPECT_FALSE(fs::exists(folder / "full/latest"));
  const pid_t child = start(pretrain("full"));
  const bool saved = appears(folder / "full/checkpoint-4");
  kill(child, SIGKILL);
  exit_code_of(child);
  ASSERT_TRUE(saved);
  const fs::path latest = fs::read_symlink(folder / "full/latest");
  ASSERT_EQ(exit_code_of(start(pretrain("full"), [] { limit_files(20'000); })), 74);
  EXPECT_EQ(fs::read_symlink(folder / "full/latest"), latest);
  ASSERT_EQ(run_albert(pretrain("full")).code, 0);
  EXPECT_EQ(read_bytes(folder / "full/model.safetensors"),
            read_bytes(folder / "whole/model.safetensors"));
}

TEST_F(Pipeline, AFullDiskLeavesNoShards) {
  const std::vector<std::string> prepare = {
      "prepare",      "--input",        folder / "text.txt",      "--tokenizer", kVocabulary,
      "--output_dir", folder / "small", "--overwrite_output_dir", "--threads",   "1"};
  for (const rlim_t bytes : {0, 1000, 100'000})
    EXPECT_EQ(exit_code_of(start(prepare, [&] { limit_files(bytes); })), 74) << bytes;
  EXPECT_FALSE(fs::exists(folder / "small/manifest.json"));
  EXPECT_EQ(run_albert(prepare).code, 0);
}

// As somebody who may not write where the output should go.
TEST_F(Pipeline, AReadOnlyFolderIsSaid) {
  fs::copy_file(kVocabulary, folder / "spiece.model");
  fs::create_directory(folder / "locked");
  for (const char* name : {"", "shards"}) fs::permissions(folder / name, fs::perms(0755));
  fs::permissions(folder / "locked", fs::perms(0555));
  const auto nobody = [] {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(126);
  };
  EXPECT_EQ(exit_code_of(start(pretrain("locked/run"), nobody)), 74);
  EXPECT_EQ(exit_code_of(start({"prepare", "--input", folder / "text.txt", "--tokenizer",
                                folder / "spiece.model", "--output_dir", folder / "locked/shards"},
                               nobody)),
            74);
  EXPECT_TRUE(fs::is_empty(folder / "locked"));
}

TEST_F(Pipeline, InfoKnowsShardsAndCheckpoints) {
  ASSERT_EQ(run_albert(pretrain("run", {"--max_steps", "4"})).code, 0);
  EXPECT_NE(run_albert({"info", folder / "shards"}).out.find("all checksums are right"),
            std::string::npos);
  const auto shard = nlohmann::json::parse(
      run_albert({"info", folder / "shards/train-00000.shard", "--json"}).out);
  EXPECT_EQ(shard["documents"], 28);
  const auto checkpoints =
      nlohmann::json::parse(run_albert({"info", folder / "run", "--json"}).out);
  ASSERT_EQ(checkpoints.size(), 2U);
  EXPECT_EQ(checkpoints[1]["step"], 4);
  write_bytes(folder / "run/checkpoint-4/model.safetensors", "cut");
  EXPECT_NE(run_albert({"info", folder / "run"}).out.find("damaged: "), std::string::npos);
  // the run's options are a config file
  const Outcome again =
      run_albert({"pretrain", "--config", folder / "run/args.json", "--dump_config"});
  EXPECT_EQ(nlohmann::json::parse(again.out)["max_steps"], 4);
}

TEST_F(Pipeline, SplitsOfTheBatchAndThreadsGiveTheSameModel) {
  ASSERT_EQ(run_albert(pretrain("a", {"--max_steps", "6", "--threads", "1"})).code, 0);
  ASSERT_EQ(run_albert(pretrain("b", {"--max_steps", "6", "--threads", "5"})).code, 0);
  EXPECT_EQ(read_bytes(folder / "a/model.safetensors"), read_bytes(folder / "b/model.safetensors"));
}

TEST_F(Pipeline, PhasesAndGrowingBatchesGoOnToTheSameBits) {
  const std::vector<std::string> more{"--length_phases",
                                      "24:0.4",
                                      "--initial_train_batch_size",
                                      "2",
                                      "--batch_size_warmup_steps",
                                      "20",
                                      "--save_steps",
                                      "4",
                                      "--validation_data",
                                      "again=" + (folder / "shards").string()};
  ASSERT_EQ(run_albert(pretrain("whole", more)).code, 0);
  for (const char* checkpoint : {"checkpoint-8", "checkpoint-20"}) {  // in either phase
    const pid_t child = start(pretrain("parts", more));
    EXPECT_TRUE(appears(folder / "parts" / checkpoint));
    kill(child, SIGKILL);
    exit_code_of(child);
  }
  const Outcome last = run_albert(pretrain("parts", more));
  ASSERT_EQ(last.code, 0) << last.err;
  EXPECT_EQ(read_bytes(folder / "parts/model.safetensors"),
            read_bytes(folder / "whole/model.safetensors"));
  EXPECT_NE(read_bytes(folder / "whole/metrics.jsonl").find("eval_again_mlm_loss"),
            std::string::npos);
  ASSERT_EQ(run_albert(pretrain("plain")).code, 0);
  EXPECT_NE(read_bytes(folder / "plain/model.safetensors"),
            read_bytes(folder / "whole/model.safetensors"));
  EXPECT_EQ(run_albert(pretrain("parts", {"--length_phases", "24:0.5"})).code, 78)
      << "other phases are another run";
}

TEST_F(Pipeline, PhasesAndHeldOutSetsThatMakeNoSenseAreRefused) {
  for (const char* phases :
       {"24", "24:", "x:0.5", "24:0.5,32:0.5", "24:30", "24.5:0.5", "96:0.5"}) {
    const Outcome r = run_albert(pretrain("bad", {"--length_phases", phases}));
    EXPECT_EQ(r.code, 2) << phases;
    EXPECT_NE(r.err.find("--length_phases"), std::string::npos) << r.err;
  }
  const std::string shards = folder / "shards";
  for (const std::string& item : {shards, "=" + shards, "a b=" + shards}) {
    const Outcome r = run_albert(pretrain("bad", {"--validation_data", item}));
    EXPECT_EQ(r.code, 2) << item;
    EXPECT_NE(r.err.find("wanted NAME=DIR"), std::string::npos) << r.err;
  }
  EXPECT_EQ(run_albert(pretrain("bad", {"--initial_train_batch_size", "3",
                                        "--batch_size_warmup_steps", "5"}))
                .code,
            2);
}

TEST_F(Pipeline, LearnsFromRecordsOfGooglesFormat) {
  const std::string a = folder / "a.tfrecord", b = folder / "b.tfrecord";
  const Outcome made =
      run_albert({"prepare", "--input", folder / "text.txt", "--tokenizer",
                  ALBERT_GOLDEN_DIR "/tokenizer/spiece.model", "--output_dir", folder / "again",
                  "--to_tfrecord", a, b, "--dupe_factor", "2", "--max_seq_length", "48"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_NE(made.out.find("examples in 2 files of records"), std::string::npos) << made.out;
  std::vector<std::string> command = pretrain("recorded", {"--from_tfrecord", a, b});
  ASSERT_EQ(run_albert(command).code, 0);
  command = pretrain("recorded", {"--from_tfrecord", a});
  EXPECT_EQ(run_albert(command).code, 78) << "other records are another run";
  write_bytes(a, read_bytes(a).substr(0, 1000));
  const Outcome cut = run_albert(pretrain("cut", {"--from_tfrecord", a, b}));
  EXPECT_EQ(cut.code, 65);
  EXPECT_NE(cut.err.find("a.tfrecord: byte "), std::string::npos) << cut.err;
  EXPECT_EQ(run_albert({"pretrain", "--from_tfrecord", b, "--output_dir", folder / "x"}).code, 2)
      << "a tokenizer is wanted";
}

TEST_F(Pipeline, ComparesRunsOnOnePage) {
  ASSERT_EQ(run_albert(pretrain("one")).code, 0);
  ASSERT_EQ(run_albert(pretrain("two", {"--seed", "7"})).code, 0);
  const Outcome r =
      run_albert({"report", folder / "one", folder / "two", "--output", folder / "both.html"});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_NE(read_bytes(folder / "both.html").find("<td>seed</td><td>42</td><td>7</td>"),
            std::string::npos);
}

TEST_F(Pipeline, FinetunesAndPredicts) {
  ASSERT_EQ(run_albert(pretrain("pre", {"--max_steps", "4"})).code, 0);
  const std::vector<std::string> finetune = {
      "finetune",     "--task",       "sst2",        "--data_dir",  kData, "--model_name_or_path",
      folder / "pre", "--output_dir", folder / "ft", "--max_steps", "3",   "--max_eval_samples",
      "20",           "--quiet"};
  Outcome r = run_albert(finetune);
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(fs::exists(folder / "ft/tokenizer.json"));
  write_bytes(folder / "in.txt",
              "a fine book\n\xFF\n{\"text\": \"a dull book\"}\n{\"txt\": 1}\n\n");
  r = run_albert(
      {"predict", "--model", folder / "ft", "--input", folder / "in.txt", "--batch_size", "2"});
  EXPECT_EQ(r.code, 65);
  EXPECT_TRUE(r.says("3 lines could not be read"));
  std::istringstream lines(r.out);
  std::vector<nlohmann::json> results;
  for (std::string line; std::getline(lines, line);) results.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(results.size(), 5U);
  EXPECT_TRUE(results[0].contains("label"));
  EXPECT_EQ(results[1]["line"], 2);
  EXPECT_TRUE(results[2]["probabilities"].contains("positive"));
  EXPECT_TRUE(results[3]["error"].get<std::string>().find("wanted \"text\"") != std::string::npos);
  r = run_albert(joined(finetune, {"--resume_from_checkpoint", "none"}));
  EXPECT_EQ(r.code, 2);
  EXPECT_TRUE(r.says("found results of an earlier run"));
}

struct Refusal {
  std::vector<std::string> arguments;
  int code;
  const char* text;
};

// Each is refused with its exit code and text, in one line, the last.
void expect_refusals(const std::vector<Refusal>& refusals) {
  for (const Refusal& wanted : refusals) {
    const Outcome r = run_albert(wanted.arguments);
    EXPECT_EQ(r.code, wanted.code) << wanted.arguments[0] << ": " << r.err;
    EXPECT_TRUE(r.says(wanted.text)) << r.err;
    EXPECT_EQ(r.err.rfind("albert: error: ", r.err.rfind('\n', r.err.size() - 2) + 1),
              r.err.rfind("albert: error: "))
        << r.err;
  }
}

TEST_F(Pipeline, BadFilesOfATaskAreOneClearLine) {
  write_bytes(folder / "short.tsv", "sentence\tlabel\ngood\t1\nbad\n");
  write_bytes(folder / "labels.tsv", "sentence\tlabel\ngood\t7\n");
  write_bytes(folder / "header.tsv", "text\tlabel\ngood\t1\n");
  write_bytes(folder / "empty.tsv", "");
  const auto finetune = [&](const std::string& file) {
    return std::vector<std::string>{"finetune",
                                    "--task",
                                    "sst2",
                                    "--train_file",
                                    folder / file,
                                    "--validation_file",
                                    folder / file,
                                    "--model_name_or_path",
                                    folder / "none",
                                    "--tokenizer_name",
                                    kVocabulary,
                                    "--output_dir",
                                    folder / "o",
                                    "--max_steps",
                                    "1"};
  };
  expect_refusals({
      {finetune("short.tsv"), 65, "short.tsv:3: found 1 columns, wanted 2 as in the header"},
      {finetune("labels.tsv"), 65, "found the label \"7\", wanted one of negative, positive"},
      {finetune("header.tsv"), 65, "header.tsv:1: found the columns text, label, wanted sentence"},
      {finetune("empty.tsv"), 65, "the file is empty"},
      {finetune("absent.tsv"), 66, "absent.tsv: no such file"},
      {{"finetune", "--task", "sst3", "--output_dir", "x"}, 2, "did you mean sst2"},
  });
}

TEST_F(Pipeline, BadSettingsAndFoldersAreOneClearLine) {
  const auto prepare = [&](const std::string& output) {
    return std::vector<std::string>{"prepare",     "--input",   folder / "text.txt",
                                    "--tokenizer", kVocabulary, "--output_dir",
                                    output};
  };
  expect_refusals({
      {{"pretrain", "--data_dir", folder / "none", "--output_dir", folder / "o"},
       66,
       "no such file"},
      {pretrain("o", {"--train_batch_size", "3"}), 2,
       "--train_batch_size 3: wanted a multiple of 2"},
      {pretrain("o", {"--hidden_size", "25"}), 78, ""},
      {pretrain("o", {"--max_steps", "0"}), 2, "wanted 1 or more"},
      {pretrain("o", {"--learning_rate", "-1"}), 2, "learning_rate"},
      {{"tokenize", "--model", folder / "none"}, 66, "no such file or folder"},
      {{"tokenize", "--model", folder / "text.txt"}, 65, ""},
      {{"vocab", "--input", folder / "text.txt", "--output_dir", folder / "v", "--vocab_size",
        "99999"},
       65,
       "SentencePiece could not train"},
      {prepare(folder / "shards"), 2, "found shards in it, wanted an empty folder"},
      {prepare("/proc/x"), 74, "cannot make the folder"},
      {{"report", folder / "none"}, 66, "metrics.jsonl"},
  });
}

TEST_F(Pipeline, ForeignVocabularyIsRefused) {
  const Outcome v = run_albert({"vocab", "--input", kData + "train.tsv", "--output_dir",
                                folder / "v", "--vocab_size", "300"});
  ASSERT_EQ(v.code, 0) << v.err;
  const Outcome r = run_albert(pretrain("o", {"--tokenizer", folder / "v"}));
  EXPECT_EQ(r.code, 78);
  EXPECT_TRUE(r.says("was made with another vocabulary")) << r.err;
}

TEST_F(Pipeline, TokenizesFilesAsPiecesAndAsJson) {
  write_bytes(folder / "t.txt", "Hello, world\n[MASK] é\n");
  Outcome r = run_albert({"tokenize", "--model", kVocabulary, "--input", folder / "t.txt"});
  EXPECT_EQ(r.out, "[CLS] ▁hello , ▁world [SEP]\n[CLS] [MASK] ▁ e [SEP]\n");
  r = run_albert({"tokenize", "--model", kVocabulary, "--input", folder / "t.txt", "--json"});
  const auto first = nlohmann::json::parse(r.out.substr(0, r.out.find('\n')));
  EXPECT_EQ(first["input_ids"], (std::vector<int>{2, 10975, 15, 126, 3}));
  EXPECT_EQ(first["offset_mapping"][2], (std::vector<int>{5, 6}));
  write_bytes(folder / "bad.txt", "fine\nno\xFE\n");
  r = run_albert({"tokenize", "--model", kVocabulary, "--input", folder / "bad.txt"});
  EXPECT_EQ(r.code, 65);
  EXPECT_TRUE(r.says("bad.txt:2: byte 3 is not UTF-8")) << r.err;
}

TEST_F(Pipeline, AFlagOfTokenizeChangesWhatItNamesAndNothingElse) {
  fs::create_directories(folder / "cased");
  fs::copy_file(kVocabulary, folder / "cased/spiece.model");
  write_bytes(folder / "t.txt", "Café ABC\n");
  const auto pieces = [&](const std::string& config, std::vector<std::string> flags) {
    write_bytes(folder / "cased/tokenizer_config.json", config);
    std::vector<std::string> args{"tokenize", "--model", folder / "cased", "--input",
                                  folder / "t.txt"};
    args.insert(args.end(), flags.begin(), flags.end());
    return run_albert(args).out;
  };
  const std::string cased = R"({"do_lower_case": false})", accents = R"({"keep_accents": true})";
  EXPECT_EQ(pieces(cased, {"--keep_accents"}), "[CLS] ▁ <unk> af <unk> ▁ <unk> [SEP]\n");
  EXPECT_EQ(pieces(cased, {"--preprocessing", "huggingface"}),
            "[CLS] ▁ <unk> af e ▁ <unk> [SEP]\n");
  EXPECT_EQ(pieces(cased, {"--do_lower_case"}), "[CLS] ▁cafe ▁abc [SEP]\n");
  EXPECT_EQ(pieces(accents, {"--do_lower_case"}), "[CLS] ▁ca f <unk> ▁abc [SEP]\n");
  EXPECT_EQ(pieces(R"({"preprocessing": "google", "keep_accents": true})", {"--no_keep_accents"}),
            "[CLS] ▁cafe ▁abc [SEP]\n");
}

}  // namespace
}  // namespace albert::testing
