#pragma once
// Runs of `albert finetune` and `albert predict` on small files of tasks.
#include "tests/support/classifiers.h"
#include "tests/support/glue_cases.h"
#include "tests/support/program.h"

namespace albert::testing {

class TaskRuns : public ::testing::Test {
 protected:
  // `golden` is ALBERT_GOLDEN_DIR, which only sources of tests know.
  explicit TaskRuns(const std::string& golden) : kSpiece(golden + "/tokenizer/spiece.model") {
    std::filesystem::create_directory(folder.path() / "model");
    write_start({});
  }
  // The model that runs start from, with this bias of its two outputs.
  void write_start(const std::vector<float>& bias) const {
    write_classifier(folder / "model", {bias, {"x", "y"}}, kSpiece);
  }
  // Two updates of a model with random values.
  Outcome finetune(const Names& more) const {
    Names all = {"finetune",
                 "--config_name",
                 folder / "model/config.json",
                 "--max_steps",
                 "2",
                 "--tokenizer_name",
                 kSpiece,
                 "--output_dir",
                 folder / "out",
                 "--threads",
                 "1",
                 "--device",
                 "cpu",
                 "--learning_rate",
                 "1e-4",
                 "--train_batch_size",
                 "2",
                 "--overwrite_output_dir"};
    all.insert(all.end(), more.begin(), more.end());
    return run_albert(all);
  }
  Outcome predict(const Names& more) const {
    Names all = {"predict", "--model", folder / "out", "--threads", "1", "--device", "cpu"};
    all.insert(all.end(), more.begin(), more.end());
    return run_albert(all);
  }
  std::string data(const Files& files) const {
    const std::filesystem::path data = folder.path() / "data";
    std::filesystem::remove_all(data);
    std::filesystem::create_directory(data);
    for (const auto& [name, bytes] : files) write_bytes(data / name, bytes);
    return data.string();
  }
  nlohmann::json results() const {
    return nlohmann::json::parse(read_bytes(folder / "out/eval_results.json"));
  }
  // The second column of a file of predictions, whose first must count from 0.
  Names predictions(const std::filesystem::path& file) const {
    std::istringstream lines(read_bytes(file));
    std::string line;
    std::getline(lines, line);
    EXPECT_EQ(line, "index\tprediction");
    Names found;
    while (std::getline(lines, line)) {
      const size_t tab = line.find('\t');
      EXPECT_EQ(line.substr(0, tab), std::to_string(found.size()));
      found.push_back(line.substr(tab + 1));
    }
    return found;
  }
  const std::string kSpiece;
  TemporaryFolder folder;
};

}  // namespace albert::testing
