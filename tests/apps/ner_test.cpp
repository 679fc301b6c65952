// Labels of words through the commands: eval, finetune, predict on CoNLL's columns and JSONL.
#include <algorithm>

#include "albert/tokenizer/utf8.h"
#include "tests/support/taggers.h"
#include "tests/support/task_runs.h"

namespace albert::testing {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const std::string kSpiece = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";
const Names kLabels = {"B-LOC", "B-PER", "I-PER", "O"};

class Ner : public TaskFolder {
 protected:
  Ner() {
    fs::create_directory(folder.path() / "model");
    write_tagger(folder / "model", kSpiece, kLabels);
    write_bytes(folder / "a.txt", conll_file());
  }
  // On a file that is also the one to evaluate.
  Outcome finetune(const std::string& out, const Names& more, const std::string& file = "a.txt",
                   const std::string& task = "ner") const {
    const Names small = {"--train_file",      folder / file,
                         "--validation_file", folder / file,
                         "--config_name",     folder / "model/config.json",
                         "--tokenizer_name",  kSpiece,
                         "--max_steps",       "1"};
    return finetune_task(task, out, small + more);
  }
  // What a file of these bytes is refused with: exit code 65 and one line.
  void refuse(const std::string& bytes, const std::string& why, const Names& more = {},
              const std::string& file = "bad.txt") const {
    write_bytes(folder / file, bytes);
    const Outcome r = finetune("bad", more, file);
    EXPECT_EQ(r.code, 65) << r.err;
    EXPECT_TRUE(r.says(why)) << r.err;
  }
  Outcome eval(const std::string& predictions, const Names& more = {},
               const std::string& name = "p.txt", const std::string& gold = "a.txt") const {
    write_bytes(folder / name, predictions);
    return eval_files("ner", name, gold, more);
  }
};

constexpr const char* kGold = "Ann B-PER\nLee I-PER\nsaw O\nUlm B-LOC\n\nhi O\n";

TEST_F(Ner, EvalReadsPredictionsOfEveryForm) {
  write_bytes(folder / "g.txt", kGold);
  const Names form = {"--json"};
  for (const auto& [name, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"p.conll", "Ann x B-PER\nLee x I-PER\nsaw x O\nUlm x O\n\nhi x B-LOC\n"},
           {"p.tsv", "Ann\tB-PER\r\nLee\tI-PER\r\nsaw\tO\r\nUlm\tO\r\n\r\nhi\tB-LOC"},
           {"one", "B-PER\nI-PER\nO\nO\n\nB-LOC\n"},
           {"predictions.txt", "B-PER I-PER O O\nB-LOC\n"},
           {"p.jsonl",
            "{\"labels\": [\"B-PER\", \"I-PER\", \"O\", \"O\"]}\n{\"labels\": [\"B-LOC\"]}\n"}}) {
    const Outcome r = eval(bytes, form, name, "g.txt");
    ASSERT_EQ(r.code, 0) << name << ": " << r.err;
    const json scores = json::parse(r.out);
    EXPECT_EQ(scores["precision"], 0.5) << name;
    EXPECT_EQ(scores["recall"], 0.5);
    EXPECT_EQ(scores["accuracy"], 0.6);
    EXPECT_EQ(scores["sentences"], 2);
    EXPECT_EQ(scores["by_type"]["PER"]["f1"], 1.0);
    EXPECT_EQ(scores["by_type"]["LOC"]["number"], 1);
  }
}

TEST_F(Ner, EvalCountsByTheModesOfSeqevalAndAsConlleval) {
  write_bytes(folder / "g.txt", kGold);
  const std::string lenient = "I-PER I-PER O B-LOC\nO\n";
  EXPECT_EQ(json::parse(eval(lenient, {"--json"}, "p", "g.txt").out)["f1"], 1.0);
  const Outcome strict = eval(lenient, {"--json", "--mode", "strict"}, "p", "g.txt");
  EXPECT_EQ(json::parse(strict.out)["by_type"]["PER"]["f1"], 0.0) << strict.err;
  const Outcome iob1 =
      eval(lenient, {"--json", "--mode", "strict", "--scheme", "IOB1"}, "p", "g.txt");
  EXPECT_EQ(json::parse(iob1.out)["by_type"]["PER"]["predicted"], 1) << iob1.err;
  const Outcome conll = eval(lenient, {"--mode", "conlleval"}, "p", "g.txt");
  EXPECT_EQ(conll.out,
            "processed 5 tokens with 2 phrases; found: 2 phrases; correct: 2.\n"
            "accuracy:  80.00%; precision: 100.00%; recall: 100.00%; FB1: 100.00\n"
            "              LOC: precision: 100.00%; recall: 100.00%; FB1: 100.00  1\n"
            "              PER: precision: 100.00%; recall: 100.00%; FB1: 100.00  1\n");
  EXPECT_EQ(eval(lenient, {"--mode", "loose"}, "p", "g.txt").code, 2);
  EXPECT_EQ(eval(lenient, {"--mode", "strict", "--scheme", "IOB3"}, "p", "g.txt").code, 2);
  const Outcome foreign = eval("S-PER O O O\nO\n", {"--mode", "strict"}, "p", "g.txt");
  EXPECT_EQ(foreign.code, 65);
  EXPECT_TRUE(foreign.says("found the label \"S-PER\"")) << foreign.err;
}

TEST_F(Ner, EvalRefusesPredictionsThatDoNotFitTheWords) {
  write_bytes(folder / "g.txt", kGold);
  const auto refused = [&](const std::string& bytes, const std::string& why,
                           const std::string& name = "p.txt") {
    const Outcome r = eval(bytes, {}, name, "g.txt");
    EXPECT_EQ(r.code, 65);
    EXPECT_TRUE(r.says(why)) << r.err;
  };
  refused("B-PER I-PER O\nO\n", "p.txt:1: found a sentence of 3 words, wanted 4 as at ");
  refused("B-PER I-PER O O\n", "p.txt:1: found the end behind 1 sentences, wanted 2");
  refused("O O O O\nO\nO\n", "p.txt:3: found the end behind 3 sentences, wanted 2");
  refused("Ann O\nBob O\nsaw O\nUlm O\n\nhi O\n", "p.txt:2: found no column with the word \"Lee\"");
  refused("a O\nb O\n\nc O\n", "p.txt:1: found a sentence of 2 words");
  refused("", "p.txt: no predictions in it");
  refused("{\"labels\": [\"O\"]}\n", "p.jsonl:1: found a sentence of 1 words", "p.jsonl");
  refused("{\"error\": \"x\"}\n", "p.jsonl:1: found \"error\", wanted \"labels\"", "p.jsonl");
  refused("\xFE\n", "p.txt:1: byte 1 is not UTF-8");
}

TEST_F(Ner, AModelLearnsItsSentences) {
  for (const std::string task : {"ner", "tag"}) {
    const Outcome r =
        finetune(task, {"--max_steps", "150", "--learning_rate", "3e-3", "--quiet"}, "a.txt", task);
    ASSERT_EQ(r.code, 0) << r.err;
    const json results = parsed(task + "/eval_results.json");
    EXPECT_GT(results["eval_f1"].get<double>(), 0.9);
    EXPECT_GT(results["eval_accuracy"].get<double>(), 0.9);
    EXPECT_EQ(results["eval_samples"], 8);
  }
}

TEST_F(Ner, TrainingIsToldInWordsAndWindowsAndGoesOnToTheSameBits) {
  // In the second epoch.
  const Outcome whole =
      stop_and_resume("checkpoint-12", [&](const std::string& out, const Names& more) {
        const Names run = {"--max_steps",
                           "14",
                           "--save_steps",
                           "3",
                           "--max_seq_length",
                           "7",
                           "--gradient_accumulation_steps",
                           "2"};
        return finetune(out, run + more);
      });
  EXPECT_NE(whole.out.find("ner: 8 sentences of 43 words in "), std::string::npos) << whole.out;
  EXPECT_NE(whole.out.find(" 4 labels (IOB2)"), std::string::npos) << whole.out;
}

TEST_F(Ner, MicroBatchesOfDifferentNumbersOfLabelsAddUpToTheWholeBatch) {
  // Sentences of 1 to 8 words: a mean of the means of micro-batches would be another number.
  std::string bytes;
  for (int i = 1; i <= 8; ++i) {
    for (int w = 0; w < i; ++w) bytes += w == 0 ? "Ahab B-PER\n" : "sails O\n";
    bytes += "\n";
  }
  write_bytes(folder / "b.txt", bytes);
  const auto first_loss = [&](const std::string& out, const std::string& parts) {
    const Outcome r = finetune(
        out,
        {"--train_batch_size", "8", "--gradient_accumulation_steps", parts, "--logging_steps", "1",
         "--hidden_dropout_prob", "0", "--attention_probs_dropout_prob", "0",
         "--classifier_dropout_prob", "0", "--precision", "f64"},
        "b.txt");
    EXPECT_EQ(r.code, 0) << r.err;
    std::istringstream lines(read_bytes(folder / out / "metrics.jsonl"));
    std::string line;
    std::getline(lines, line);
    return json::parse(line)["loss"].get<double>();
  };
  EXPECT_NEAR(first_loss("one", "1"), first_loss("four", "4"), 1e-12);
}

TEST_F(Ner, FurtherPiecesOfAWordAreTrainedOnWhereThatIsAskedFor) {
  write_bytes(folder / "b.txt", "Queequegs B-PER\n\nQueequegs I-PER\n");
  const auto loss = [&](const std::string& out, const Names& more) {
    const Outcome r = finetune(out, Names{"--scheme", "none", "--max_steps", "2"} + more, "b.txt");
    EXPECT_EQ(r.code, 0) << r.err;
    return parsed(out + "/eval_results.json")["eval_loss"].get<double>();
  };
  EXPECT_NE(loss("first", {}), loss("all", {"--label_all_tokens"}));
}

TEST_F(Ner, LabelsMayBeNumbersWithNamesOrWithoutAScheme) {
  write_bytes(folder / "n.jsonl",
              "{\"tokens\": [\"Ann\", \"sails\"], \"ner_tags\": [1, 0]}\n"
              "{\"tokens\": [\"Bob\", \"Lee\"], \"ner_tags\": [1, 2]}\n");
  Outcome r =
      finetune("named", {"--labels", "0=O,1=B-PER,2=I-PER", "--return_entity_level_metrics"},
               "n.jsonl", "tag");
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(parsed("named/eval_results.json").contains("eval_PER_f1"));
  EXPECT_EQ(parsed("named/config.json")["id2label"]["1"], "B-PER");
  r = finetune("plain", {}, "n.jsonl", "tag");
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("3 labels (plain)"), std::string::npos) << r.out;
  EXPECT_TRUE(parsed("plain/eval_results.json").contains("eval_macro_f1"));
  EXPECT_FALSE(parsed("plain/eval_results.json").contains("eval_f1"));
  write_bytes(folder / "g.tsv", "#\tsource\n1\tUlm\tB-LOC\tO\n2\tist\tO\tO\n");
  r = finetune("german", {}, "g.tsv", "germeval14");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(parsed("german/config.json")["id2label"]["0"], "B-LOC");
}

TEST_F(Ner, BadFilesAreRefusedByTheirLine) {
  refuse("Ann B-PER\nsaw O\n\nUlm I-LOC\n",
         "bad.txt:4: found I-LOC behind the start of the sentence, wanted it behind one of B-LOC, "
         "I-LOC (IOB2)");
  refuse("Ann B-PER\nUlm LOC\n", "bad.txt:2: found the label \"LOC\", wanted one of O, B-TYPE");
  refuse("Ann I-PER\nUlm B-LOC\n", "bad.txt:2: found B-LOC behind I-PER", {"--scheme", "IOB1"});
  refuse("Ann B-PER\nsaw\n", "bad.txt:2: found 1 columns, wanted 2");
  refuse("Ann\nsaw\n", "bad.txt:1: found 1 column, wanted one for words and one for labels");
  refuse("Ann O\n", "bad.txt:1: found 2 columns, wanted 3 or more", {"--label_column", "3"});
  refuse("J\xFCrgen B-PER\n", "bad.txt:1: byte 2 is not UTF-8");
  refuse("Ann X\n", "bad.txt:1: found the label \"X\", wanted one of O, B-PER",
         {"--labels", "O,B-PER"});
  refuse("{\"tokens\": [\"a\", \"b\"], \"tags\": [\"O\"]}\n",
         "bad.jsonl:1: found 1 labels in \"tags\", wanted 2", {}, "bad.jsonl");
  refuse("{\"words\": [\"a\"]}\n", "bad.jsonl:1: found \"words\", wanted \"tokens\"", {},
         "bad.jsonl");
  refuse("\u200B O\n", "bad.txt: found no word that gives a token");
  refuse("", "bad.txt: no sentences in it");
  write_bytes(folder / "bad.txt", "Ann B-PER\nUlm I-LOC\n");
  EXPECT_EQ(finetune("taken", {"--scheme", "none"}, "bad.txt").code, 0);
  EXPECT_EQ(finetune("bad", {"--scheme", "IOB"}).code, 2);
  EXPECT_EQ(finetune("bad", {"--label_column", "ner"}).code, 2);
}

TEST_F(Ner, ALabelOfTheFileToEvaluateThatTrainingLacksIsRefusedByItsLine) {
  write_bytes(folder / "dev.txt", "Ann B-PER\nthe O\nPequod B-SHIP\n");
  const Outcome r = finetune("bad", {"--validation_file", folder / "dev.txt"});
  EXPECT_EQ(r.code, 65);
  EXPECT_TRUE(r.says("dev.txt:3: found the label \"B-SHIP\", wanted one of B-LOC, B-PER")) << r.err;
}

TEST_F(Ner, PredictWritesALabelForEveryWordAndScoresThatAreThoseOfEval) {
  const std::string odd = "Ahab NNP B-NP B-PER\n\u00B4 . O O\n";  // its second word gives no token
  write_bytes(folder / "test.txt", conll_file(40) + odd);
  const Outcome r = run_albert(predict(
      {"--input", folder / "test.txt", "--output_dir", folder / "out", "--max_seq_length", "6"}));
  ASSERT_EQ(r.code, 0) << r.err;
  const std::string columns = read_bytes(folder / "out/predictions.conll"),
                    lines = read_bytes(folder / "out/predictions.txt");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 41);
  EXPECT_TRUE(columns.ends_with("\u00B4 O O\n\n")) << columns;
  EXPECT_TRUE(columns.starts_with("Ahab B-PER ")) << columns;
  for (const std::string& file : {columns, lines}) {
    const Outcome scored = eval(file, {"--json"}, "p", "test.txt");
    EXPECT_EQ(scored.out, read_bytes(folder / "out/eval_results.json")) << scored.err;
  }
  write_bytes(folder / "new.txt", "Ahab\nsails\n\nBob\n");
  ASSERT_EQ(
      run_albert(predict({"--input", folder / "new.txt", "--output_dir", folder / "new"})).code, 0);
  EXPECT_FALSE(fs::exists(folder / "new/eval_results.json"));
  EXPECT_TRUE(read_bytes(folder / "new/predictions.conll").starts_with("Ahab "));
}

TEST_F(Ner, ColumnsAreNotReadAsTexts) {
  for (const std::string bytes : {"-DOCSTART- -X- -X- O\n\nAnn NNP I-NP I-PER\nsaw VBD I-VP O\n\n",
                                  "# comment\n1\tUlm\tB-LOC\tO\n2\tist\tO\tO\n"}) {
    write_bytes(folder / "test.txt", bytes);
    const Outcome r = run_albert(predict({"--input", folder / "test.txt"}));
    EXPECT_EQ(r.code, 2) << r.out;
    EXPECT_TRUE(
        r.says("test.txt: found CoNLL's columns, wanted a text or an object a line; they "
               "need --output_dir"))
        << r.err;
  }
  // A stream is refused as soon as it shows.
  write_bytes(folder / "stdin", "He PRP O\nsaw VBD O\n\nAnn NNP B-PER\n");
  const Outcome piped = run_albert_on(folder / "stdin", ALBERT_PROGRAM, predict({}));
  EXPECT_EQ(piped.code, 2);
  EXPECT_EQ(piped.out, "");
  EXPECT_TRUE(
      piped.says("stdin:4: found CoNLL's columns, wanted a text or an object a line; put "
                 "them in a file and give --input and --output_dir"))
      << piped.err;
  for (const std::string text :
       {"Of the blood type O\nI sit in type O\n", "row B-7\nAnn\nrow B-8\n"}) {
    write_bytes(folder / "stdin", text);
    EXPECT_EQ(run_albert_on(folder / "stdin", ALBERT_PROGRAM, predict({})).code, 0) << text;
  }
  for (const std::string bytes :
       {"Of the blood type O\n", "Ann saw Bob\nwho sits in row B-7 O\n"}) {
    write_bytes(folder / "test.txt", bytes);
    EXPECT_EQ(run_albert(predict({"--input", folder / "test.txt"})).code, 0) << bytes;
  }
}

TEST_F(Ner, TheReportHasTypesAndTheWorstSentences) {
  write_bytes(folder / "b.txt", "Ahab B-PER\nsails O\n\nUlm B-LOC\n\nBob B-PER\nLee I-PER\n");
  ASSERT_EQ(finetune("out", {"--learning_rate", "1e-12"}, "b.txt").code, 0);
  auto shown = tables("out");
  ASSERT_EQ(shown.size(), 3U);
  const json types = shown["scores by type"], words = shown["which type a word is taken for"],
             worst = shown["most wrong"];
  const auto row = [](const json& table, const std::string& name) {
    for (const json& found : table)
      if (found[0] == name) return found;
    return json();
  };
  EXPECT_EQ(row(types, "PER")[1], "2");
  EXPECT_EQ(row(types, "LOC")[1], "1");
  const auto sum = [](const json& cells) {
    int total = 0;
    for (size_t i = 1; i < cells.size(); ++i) total += std::stoi(cells[i].get<std::string>());
    return total;
  };
  EXPECT_EQ(sum(row(words, "PER")), 3);
  EXPECT_EQ(sum(row(words, "LOC")), 1);
  ASSERT_EQ(worst.size(), 3U);
  EXPECT_GE(std::stod(worst[0][3].get<std::string>()), std::stod(worst[2][3].get<std::string>()));
  std::string right;
  for (const json& sentence : worst) right += sentence[1].get<std::string>() + ";";
  EXPECT_NE(right.find(": "), std::string::npos) << "an untrained model errs";
  write_bytes(folder / "n.jsonl", "{\"tokens\": [\"Ann\", \"sails\"], \"tags\": [1, 0]}\n");
  ASSERT_EQ(finetune("plain", {}, "n.jsonl", "tag").code, 0);
  EXPECT_EQ(row(tables("plain")["scores by label"], "1")[1], "1");
}

TEST_F(Ner, PredictReadsTextsAndWordsFromLinesInTheirOrder) {
  const std::string bytes =
      "\u00C4nn saw Bob in London.\n"
      "{\"text\": \"Ahab sails to Spain.\"}\n"
      "{\"tokens\": 7}\n"
      "{\"tokens\": [\"Ahab\", \"\u00B4\", \"sails\"]}\n";
  write_bytes(folder / "stdin", bytes);
  const Outcome piped = run_albert_on(folder / "stdin", ALBERT_PROGRAM, predict({}));
  EXPECT_EQ(piped.code, 65);
  const auto lines = piped.json_lines();
  ASSERT_EQ(lines.size(), 4U) << piped.err;
  EXPECT_TRUE(lines[2].contains("error"));
  EXPECT_EQ(lines[3]["labels"].size(), 3U);
  EXPECT_EQ(lines[3]["labels"][1], "O");
  EXPECT_FALSE(lines[0].contains("labels"));
  for (const json& entity : lines[0]["entities"]) {
    const int64_t begin = entity["start"], end = entity["end"];
    EXPECT_EQ(entity["word"], code_points("\u00C4nn saw Bob in London.", begin, end));
    EXPECT_TRUE(entity.contains("entity_group"));
  }
  write_bytes(folder / "in.jsonl", "{\"text\": \"Ahab sails to Spain.\"}\n");
  const Names none = {"--input", folder / "in.jsonl", "--aggregation_strategy", "none"};
  const json tokens = run_albert(predict(none)).json_lines().at(0);
  for (const json& entity : tokens["entities"]) EXPECT_TRUE(entity.contains("entity"));
  EXPECT_EQ(run_albert(predict({"--aggregation_strategy", "mean"})).code, 2);
}

}  // namespace
}  // namespace albert::testing
