// The command line: spellings, suggestions, exit codes, one last line on stderr.
#include "apps/cli/program.h"

#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/files.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

using nlohmann::json;

struct Outcome {
  int code;
  std::string out, err;
  std::string error() const {  // the one last line
    const size_t at = err.rfind("albert: error: ");
    return at == std::string::npos ? "" : err.substr(at);
  }
};

Outcome run(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const int code = apps::run_program(arguments, out, err);
  return {code, out.str(), err.str()};
}

const std::string kGolden = std::string(ALBERT_GOLDEN_DIR) + "/shared/";

std::vector<std::string> forward(const std::string& output, std::vector<std::string> more = {}) {
  std::vector<std::string> all = {"forward",
                                  "--model",
                                  kGolden + "masked-lm",
                                  "--head",
                                  "masked-lm",
                                  "--input",
                                  kGolden + "masked-lm.safetensors",
                                  "--output",
                                  output};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(Program, WritesWhatForwardComputes) {
  const TemporaryFolder folder;
  const std::string output = folder / "out.safetensors";
  const Outcome r = run(forward(output, {"--gradients", "--precision", "f64"}));
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("tensors, loss"), std::string::npos) << r.out;
  const TensorFile file = read_safetensors(output);
  EXPECT_TRUE(file.tensors.count("out.logits"));
  EXPECT_TRUE(file.tensors.count("grad.predictions.dense.weight"));
  EXPECT_TRUE(file.tensors.count("out.hidden_states.3"));
  EXPECT_EQ(file.tensors.at("out.logits").dtype(), DType::kF64);
  EXPECT_EQ(run(forward(output, {"--no-hidden-states", "--attentions=false", "--quiet"})).out, "");
  EXPECT_FALSE(read_safetensors(output).tensors.count("out.hidden_states.3"));
}

TEST(Program, KnowsTheNamesOfOtherPrograms) {
  const TemporaryFolder folder;
  const auto dumped = [](std::vector<std::string> arguments) {
    arguments.emplace_back("--dump_config");
    const Outcome r = run(arguments);
    EXPECT_EQ(r.code, 0) << r.err;
    return json::parse(r.out);
  };
  json j = dumped({"pretrain", "--per-device-train-batch-size", "24", "--num_train_steps=7",
                   "--mlm_probability", "0.2", "--warmup_ratio", "0.06", "--bf16", "--no_cuda"});
  EXPECT_EQ(j["train_batch_size"], 24);
  EXPECT_EQ(j["max_steps"], 7);
  EXPECT_EQ(j["masked_lm_prob"], 0.2);
  EXPECT_EQ(j["warmup_steps"], 0.06);
  EXPECT_EQ(j["precision"], "bf16");
  EXPECT_EQ(j["device"], "cpu");
  EXPECT_EQ(dumped({"pretrain", "--bf16", "false"})["precision"], "f32");
  write_bytes(folder / "args.json",
              R"({"task_name": "sst2", "bf16": true, "use_cpu": false, "init_checkpoint": "m"})");
  j = dumped({"finetune", "--config", folder / "args.json"});
  EXPECT_EQ(j["task"], "sst2");
  EXPECT_EQ(j["precision"], "bf16");
  EXPECT_EQ(j["device"], "auto");
  EXPECT_EQ(j["model_name_or_path"], "m");
}

TEST(Program, TakesBothSpellingsAndBooleanHabits) {
  const auto gradients = [](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"forward", "--dump_config"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome r = run(arguments);
    EXPECT_EQ(r.code, 0) << r.err;
    return json::parse(r.out);
  };
  EXPECT_TRUE(gradients({"--gradients"}).at("gradients"));
  EXPECT_TRUE(gradients({"--gradients", "true"}).at("gradients"));
  EXPECT_TRUE(gradients({"--gradients=1"}).at("gradients"));
  EXPECT_FALSE(gradients({"--gradients", "false"}).at("gradients"));
  EXPECT_FALSE(gradients({"--gradients", "--no_gradients"}).at("gradients"));
  EXPECT_FALSE(gradients({"--no-gradients"}).at("gradients"));
  EXPECT_EQ(gradients({"--label-smoothing", "0.25"}).at("label_smoothing"), 0.25);
  EXPECT_EQ(gradients({"--label_smoothing=0.5"}).at("label_smoothing"), 0.5);
  EXPECT_EQ(gradients({"--class-weights", "1,2.5"}).at("class_weights"),
            (std::vector<float>{1, 2.5F}));
  EXPECT_EQ(gradients({"--model", "with-dashes_and--more"}).at("model"), "with-dashes_and--more");
}

TEST(Program, ReadsConfigFilesAndTheCommandLineWins) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.json",
              R"({"head": "model", "threads": 3, "gradients": true, "class_weights": [1, 2]})");
  write_bytes(folder / "a.toml",
              "head = \"model\"\nthreads = 3\ngradients = true\nclass_weights = [1, 2]\n");
  for (const char* name : {"a.json", "a.toml"}) {
    const json j = json::parse(
        run({"forward", "--config", folder / name, "--threads", "4", "--dump-config"}).out);
    EXPECT_EQ(j.at("head"), "model") << name;
    EXPECT_EQ(j.at("threads"), 4) << name;
    EXPECT_TRUE(j.at("gradients")) << name;
    EXPECT_EQ(j.at("class_weights"), (std::vector<float>{1, 2})) << name;
    write_bytes(folder / "dumped.json", j.dump());
    EXPECT_EQ(
        json::parse(run({"forward", "--config", folder / "dumped.json", "--dump_config"}).out), j);
  }
  EXPECT_EQ(run({"forward", folder / "a.json"}).error(),
            "albert: error: albert forward needs --model; see albert forward --help\n");
  write_bytes(folder / "b.json", R"({"haed": "model"})");
  write_bytes(folder / "b.toml", "haed = \"model\"\n");
  for (const char* name : {"b.json", "b.toml"}) {
    const Outcome r = run({"forward", "--config", folder / name});
    EXPECT_EQ(r.code, 2);
    EXPECT_NE(r.error().find("unknown key haed (did you mean head?)"), std::string::npos) << r.err;
  }
  EXPECT_EQ(run({"forward", "--config", folder / "none.json"}).code, 66);
}

TEST(Program, SaysWhatWasMeant) {
  const std::vector<std::tuple<std::vector<std::string>, int, const char*>> cases = {
      {{"forwrd"}, 2, "unknown command forwrd (did you mean forward?)"},
      {{"forward", "--precison", "f32"},
       2,
       "unknown option --precison (did you mean --precision?)"},
      {{"forward", "--head", "masked_lm"}, 2, "did you mean masked-lm?"},
      {{"forward", "--threads", "many"}, 2, "threads"},
      {{"forward", "stray"}, 2, "unexpected argument stray"},
      {{"forward"}, 2, "forward needs --model"},
      {{"info"}, 2, "info needs DIR"},
      {{"info", "/nowhere"}, 66, "/nowhere: no such model folder"},
      {forward("x", {"--device", "cuda:1000"}), 69, "--device cuda:1000: "},
      {forward("x", {"--device", "tpu"}), 2, "use auto, cpu"},
      {forward("x", {"--device", "cpu", "--precision", "f16"}), 69, "f16 runs on GPUs only"},
      {forward("x", {"--device", "cpu", "--fp16"}), 69, "on the CPU use bf16"},
      {forward("x", {"--device", "cpu", "--attention", "cudnn"}), 2, "add --precision bf16"},
      {forward("x", {"--device", "cpu", "--attention", "cudnn", "--bf16"}), 2,
       "--attention cudnn needs a GPU"},
      {forward("x", {"--attention", "cudn"}), 2, "did you mean cudnn?"},
      {forward("x", {"--threads", "-1"}), 2, "--threads -1"},
      {forward("x", {"--input", "/nowhere"}), 66, "/nowhere"},
      {forward("/dev/full"), 74, "/dev/full"},
      {forward("/nowhere/out.safetensors"), 74, "/nowhere"}};
  for (const auto& [arguments, code, says] : cases) {
    const Outcome r = run(arguments);
    EXPECT_EQ(r.code, code) << r.err;
    EXPECT_NE(r.error().find(says), std::string::npos) << r.err;
    EXPECT_EQ(r.error().find('\n'), r.error().size() - 1) << "more than one line: " << r.err;
  }
}

TEST(Program, SaysWhatItComputesOn) {
  const TemporaryFolder folder;
  const std::string output = folder / "out.safetensors", says = "albert: note: computing on ";
  EXPECT_EQ(run(forward(output, {"--device", "cpu"})).err.rfind(says + "CPU, ", 0), 0U);
  EXPECT_EQ(run(forward(output)).err.rfind(says, 0), 0U);
  EXPECT_EQ(run(forward(output, {"--quiet"})).err, "");
}

// CLI11 finds these; the words are ours: place, what was found, what was wanted.
TEST(Program, SaysWhatAnOptionWants) {
  const std::string more_than_64_bits = "99999999999999999999";
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"pretrain", "--max_steps", "abc"}, "--max_steps abc: wanted a whole number"},
      {{"pretrain", "--max_steps", "1.5"}, "--max_steps 1.5: wanted a whole number"},
      {{"pretrain", "--max_steps", ""}, "--max_steps \"\": wanted a whole number"},
      {{"pretrain", "--max_steps", "true"}, "--max_steps true: wanted a whole number"},
      {{"pretrain", "--max_steps=", "--seed", "3"},
       "--max_steps: found no value, wanted one; see albert pretrain --help"},
      {{"pretrain", "--max_steps", more_than_64_bits},
       "--max_steps 99999999999999999999: wanted a whole number up to 9223372036854775807"},
      {{"pretrain", "--seed", "-1"}, "--seed -1: wanted a whole number of 0 or more"},
      {{"pretrain", "--learning_rate", "fast"}, "--learning_rate fast: wanted a number"},
      {{"pretrain", "--learning_rate", "nan"}, "--learning_rate nan: wanted a number"},
      {{"pretrain", "--weight_decay", "inf"}, "--weight_decay inf: wanted a number"},
      {{"pretrain", "--num-train-steps", "x"}, "--max_steps x: wanted a whole number"},
      {{"pretrain", "--optim", "adam"},
       "--optim adam: wanted one of adamw, lamb (did you mean adamw?)"},
      {{"pretrain", "--optim", "sgd"}, "--optim sgd: wanted one of adamw, lamb"},
      {{"forward", "--class_weights", "1,x"}, "--class_weights x: wanted a number"},
      {{"forward", "--gradients=maybe"}, "--gradients maybe: wanted true or false"},
      {{"forward", "--bf16=maybe"}, "--bf16 maybe: wanted true or false"},
      {{"forward", "--gradients", "maybe"}, "unexpected argument maybe; see albert forward --help"},
      {{"forward", "--model"}, "--model: found no value, wanted one; see albert forward --help"},
      {{"forward", "--model", "--threads", "2"},
       "--model: found no value, wanted one; see albert forward --help"},
      {{"prepare", "--input"}, "--input: found no value, wanted one; see albert prepare --help"},
      {{"prepare", "--validation_split", "2"}, "--validation_split 2: wanted 0 to 1"},
      {{"prepare", "--shard_tokens", "0"}, "--shard_tokens 0: wanted 1 or more"},
      {{"info", "--batch", "0"}, "--batch 0: wanted 1 or more"},
      {{"info", "--length", "-3"}, "--length -3: wanted 1 or more"},
      {{"info", "a", "b"}, "unexpected argument b; see albert info --help"},
      {{"info", "a", "--jsno"}, "unknown option --jsno (did you mean --json?)"},
      {{"info", "a", "-batch", "1"}, "unknown option -batch (did you mean --batch?)"},
      {{"info", "a", "-x"}, "unknown option -x; see albert info --help"},
      {{"info", "a", "--colour=red"}, "unknown option --colour; see albert info --help"}};
  for (const auto& [arguments, says] : cases) {
    const Outcome r = run(arguments);
    EXPECT_EQ(r.code, 2) << r.err;
    EXPECT_EQ(r.err, "albert: error: " + says + "\n");
  }
}

TEST(Program, SaysWhatAConfigFileWants) {
  const TemporaryFolder folder;
  const std::vector<std::tuple<std::string, int, std::string>> cases = {
      {R"({"max_steps": "abc"})", 2, "--max_steps abc: wanted a whole number"},
      {R"({"max_steps": {"a": 1}})", 2,
       "max_steps: found an object, wanted a string, a number, true, false or a list"},
      {"[1]", 2, ", wanted an object"},
      {"{", 65, "c.json:1:1: "}};
  for (const auto& [text, code, says] : cases) {
    write_bytes(folder / "c.json", text);
    const Outcome r = run({"pretrain", "--config", folder / "c.json"});
    EXPECT_EQ(r.code, code) << r.err;
    EXPECT_NE(r.error().find(says), std::string::npos) << r.err;
  }
  for (const std::string path : {folder / "none.json", folder / "none.toml"})
    EXPECT_EQ(run({"pretrain", "--config", path}).code, 66);
  EXPECT_EQ(run({"pretrain", "--config", folder.path()}).code, 65);
}

// One bad input file each: the code and the words.
TEST(Program, RefusesInputsThatDoNotFitTheModel) {
  const TemporaryFolder folder;
  const auto code_for = [&](const char* name, const HostTensor& tensor, const char* says) {
    TensorFile in = read_safetensors(kGolden + "masked-lm.safetensors");
    in.tensors[std::string("in.") + name] = tensor;
    write_safetensors(folder / "in.safetensors", in);
    const Outcome r =
        run(forward(folder / "out.safetensors", {"--input", folder / "in.safetensors"}));
    EXPECT_NE(r.error().find(says), std::string::npos) << r.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "out.safetensors"));
    return r.code;
  };
  HostTensor ids = read_safetensors(kGolden + "masked-lm.safetensors").tensors.at("in.input_ids");
  ids.data<int64_t>()[1] = 300;
  EXPECT_EQ(code_for("input_ids", ids, "input_ids[0, 1] is 300"), 65);
  EXPECT_EQ(code_for("input_ids", HostTensor(DType::kI64, {3, 65}), "64 positions"), 65);
  EXPECT_EQ(code_for("input_ids", HostTensor(DType::kI64, {0, 24}), "the batch is empty"), 65);
  EXPECT_EQ(code_for("labels", HostTensor(DType::kI64, {3, 23}), "labels is [3, 23]"), 65);
  EXPECT_EQ(code_for("labels", HostTensor(DType::kF32, {3, 24}), "labels is f32, wanted integers"),
            65);
  EXPECT_EQ(code_for("sentence_order_label", HostTensor(DType::kI64, {3}),
                     "no input in.sentence_order_label"),
            65);
  HostTensor labels(DType::kI64, {3, 24});
  labels.data<int64_t>()[0] = 301;
  EXPECT_EQ(code_for("labels", labels, "labels[0] is 301"), 65);
}

TEST(Program, RefusesFoldersThatDoNotFitTheHead) {
  const TemporaryFolder folder;
  Outcome r = run({"forward", "--model", kGolden + "model", "--head", "masked-lm", "--input",
                   kGolden + "masked-lm.safetensors", "--output", folder / "x"});
  EXPECT_EQ(r.code, 78);
  EXPECT_NE(r.error().find("predictions.dense.weight [16, 32]"), std::string::npos) << r.err;
  std::filesystem::copy(kGolden + "masked-lm", folder / "m");
  for (const auto& [value, code] :
       std::vector<std::pair<std::string, int>>{{"0", 78}, {"5", 78}, {"\"4\"", 65}}) {
    std::string config = read_bytes(kGolden + "masked-lm/config.json");
    const std::string key = "\"num_attention_heads\": 4";
    config.replace(config.find(key), key.size(), "\"num_attention_heads\": " + value);
    std::filesystem::permissions(folder / "m/config.json", std::filesystem::perms::owner_all);
    write_bytes(folder / "m/config.json", config);
    r = run(forward(folder / "x", {"--model", folder / "m"}));
    EXPECT_EQ(r.code, code) << r.err;
    EXPECT_NE(r.error().find("num_attention_heads"), std::string::npos) << r.err;
  }
}

TEST(Program, InfoCountsAndPlans) {
  const Outcome text = run({"info", kGolden + "pretraining"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_NE(text.out.find("16,958"), std::string::npos) << text.out;
  const json j = json::parse(run({"info", kGolden + "pretraining", "--json", "--batch", "2"}).out);
  EXPECT_EQ(j.at("parameters").at("total"), 16958);
  EXPECT_EQ(j.at("files").at("elements"), 16958);
  EXPECT_EQ(j.at("files").at("format"), "safetensors");
  EXPECT_EQ(j.at("files").at("list").at("predictions.bias"),
            json({{"shape", {300}}, {"dtype", "f32"}}));
  EXPECT_NE(text.out.find("  predictions.bias [300] f32\n"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("vocabulary\n  no tokenizer"), std::string::npos) << text.out;
  EXPECT_GT(j.at("memory").at("training").at("total"), j.at("memory").at("inference").at("total"));
  EXPECT_EQ(j.at("memory").at("more_on_a_gpu"), 64 << 20);
  EXPECT_NE(text.out.find("GPU: plus 64.0 MiB of cuBLASLt workspace (32.0 MiB before"),
            std::string::npos);
  const json half = json::parse(
      run({"info", kGolden + "pretraining", "--json", "--batch", "2", "--precision", "f16"}).out);
  EXPECT_LT(half.at("memory").at("training").at("arena"),
            j.at("memory").at("training").at("arena"));
}

TEST(Program, DoctorPassesItsSelfTest) {
  const Outcome r = run({"doctor", "--json"});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_GE(json::parse(r.out).at("self_test").size(), 4U);
}

TEST(Program, HelpNamesEveryOption) {
  for (const char* command : {"forward", "info"}) {
    const Outcome help = run({command, "--help"});
    EXPECT_EQ(help.code, 0);
    const json options = json::parse(run({command, "--dump_config"}).out);
    for (const auto& [name, value] : options.items())
      EXPECT_NE(help.out.find("--" + name), std::string::npos) << command << ' ' << name;
    EXPECT_EQ(run({"help", command}).out, help.out);
  }
  EXPECT_NE(run({"--help"}).out.find("doctor"), std::string::npos);
  EXPECT_EQ(run({}).code, 2);
  EXPECT_EQ(run({"--version"}).out, "albert 0.1.0\n");
}

TEST(Program, TheBinaryExitsWithTheSameCodes) {
  const auto code = [](const std::string& arguments) {
    const int status =
        std::system((std::string(ALBERT_PROGRAM) + " " + arguments + " >/dev/null 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  EXPECT_EQ(code("--version"), 0);
  EXPECT_EQ(code("forwrd"), 2);
  EXPECT_EQ(code("info /nowhere"), 66);
  EXPECT_EQ(
      std::system((std::string(ALBERT_PROGRAM) + " --help > /dev/full 2>/dev/null").c_str()) >> 8,
      74);
}

}  // namespace
}  // namespace albert::testing
