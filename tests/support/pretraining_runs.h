#pragma once
// Short pre-trainings by the command line, in this process and in others. Needs ALBERT_PROGRAM.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "tests/support/program.h"

namespace albert::testing {

inline std::vector<std::string> joined(std::vector<std::string> a,
                                       const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A few chapters and their shards, made once.
class PretrainingRuns : public ::testing::Test {
 protected:
  // `golden`: ALBERT_GOLDEN_DIR.
  explicit PretrainingRuns(const std::string& golden) {
    std::string text;
    for (int d = 0; d < 30; ++d) {
      for (int s = 0; s < 20; ++s)
        text += "The whale number " + std::to_string(d * 7 + s) + " swam past ship " +
                std::to_string(s) + " and sang.\n";
      text += "\n";
    }
    write_bytes(folder / "text.txt", text);
    const Outcome r = run_albert({"prepare", "--input", folder / "text.txt", "--tokenizer",
                                  golden + "/tokenizer/spiece.model", "--output_dir",
                                  folder / "shards", "--validation_split", "0.1"});
    EXPECT_EQ(r.code, 0) << r.err;
  }
  std::vector<std::string> pretrain(const std::string& output,
                                    const std::vector<std::string>& more = {}) const {
    return joined({"pretrain",
                   "--data_dir",
                   folder / "shards",
                   "--output_dir",
                   folder / output,
                   "--num_hidden_layers",
                   "2",
                   "--hidden_size",
                   "24",
                   "--embedding_size",
                   "8",
                   "--num_attention_heads",
                   "2",
                   "--intermediate_size",
                   "48",
                   "--max_seq_length",
                   "48",
                   "--train_batch_size",
                   "4",
                   "--gradient_accumulation_steps",
                   "2",
                   "--max_steps",
                   "30",
                   "--learning_rate",
                   "1e-3",
                   "--warmup_steps",
                   "3",
                   "--eval_examples",
                   "8",
                   "--eval_steps",
                   "7",
                   "--save_steps",
                   "2",
                   "--threads",
                   "2",
                   "--quiet"},
                  more);
  }
  TemporaryFolder folder;
};

// Starts the program in a process of its own, after `prepare` there.
inline pid_t start(const std::vector<std::string>& arguments,
                   const std::function<void()>& prepare = nullptr) {
  const int program = open(ALBERT_PROGRAM, O_RDONLY);  // before a change of user
  const pid_t child = fork();
  if (child != 0) {
    close(program);
    return child;
  }
  if (prepare) prepare();
  std::vector<char*> argv{const_cast<char*>(ALBERT_PROGRAM)};
  for (const auto& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  fexecve(program, argv.data(), environ);
  _exit(127);
}

inline int exit_code_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Whether it is there within a minute; looks every two milliseconds.
inline bool appears(const std::filesystem::path& path) {
  for (int i = 0; i < 30'000; ++i) {
    if (std::filesystem::exists(path)) return true;
    usleep(2'000);
  }
  return false;
}

}  // namespace albert::testing
