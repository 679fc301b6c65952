#pragma once
// Runs of `albert finetune`, `predict` and `eval` on small files of tasks.
#include <functional>
#include <map>

#include "tests/support/classifiers.h"
#include "tests/support/glue_cases.h"
#include "tests/support/program.h"

namespace albert::testing {

inline Names operator+(Names all, const Names& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// Commands on the files of one folder; later options win.
class TaskFolder : public ::testing::Test {
 protected:
  Outcome finetune_task(const std::string& task, const std::string& out, const Names& more) const {
    const Names all = {"finetune",  "--task", task,       "--output_dir", folder / out,
                       "--threads", "1",      "--device", "cpu",          "--train_batch_size",
                       "4"};
    return run_albert(all + more);
  }
  Names predict(const Names& more) const {
    const Names all = {"predict", "--model", folder / "model", "--threads", "1", "--device", "cpu"};
    return all + more;
  }
  Outcome eval_files(const std::string& task, const std::string& predictions,
                     const std::string& gold, const Names& more) const {
    const Names all = {"eval",   "--task",     task, "--predictions", folder / predictions,
                       "--gold", folder / gold};
    return run_albert(all + more);
  }
  nlohmann::json parsed(const std::string& name) const {
    return nlohmann::json::parse(read_bytes(folder / name));
  }
  // The tables of a run's report_details.json, by their titles.
  std::map<std::string, nlohmann::json> tables(const std::string& run) const {
    std::map<std::string, nlohmann::json> found;
    const nlohmann::json details = parsed(run + "/report_details.json");
    for (const auto& table : details.at("tables")) found[table["title"]] = table["rows"];
    return found;
  }
  // Trains without a stop, and again from what a stop behind `checkpoint` leaves: a checkpoint and
  // no more. Both give the same bits. Returns the first.
  Outcome stop_and_resume(
      const std::string& checkpoint,
      const std::function<Outcome(const std::string& out, const Names& more)>& train) const {
    namespace fs = std::filesystem;
    Outcome whole = train("whole", {});
    EXPECT_EQ(whole.code, 0) << whole.err;
    const Names all_kept = {"--save_total_limit", "0"};
    EXPECT_EQ(train("parts", all_kept).code, 0);
    for (const auto& entry : fs::directory_iterator(folder / "parts"))
      if (entry.path().filename() != checkpoint) fs::remove_all(entry.path());
    EXPECT_TRUE(fs::exists(folder.path() / "parts" / checkpoint));
    const Outcome resumed = train("parts", all_kept);
    EXPECT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(read_bytes(folder / "parts/model.safetensors"),
              read_bytes(folder / "whole/model.safetensors"));
    return whole;
  }
  TemporaryFolder folder;
};

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
    const Names all = {"finetune",
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
    return run_albert(all + more);
  }
  Outcome predict(const Names& more) const {
    const Names all = {"predict", "--model", folder / "out", "--threads", "1", "--device", "cpu"};
    return run_albert(all + more);
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
