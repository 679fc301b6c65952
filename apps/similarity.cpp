#include "albert/inference/similarity.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "albert/base/printable.h"
#include "albert/engine/weights/npy.h"
#include "albert/trainer/tasks/rounding.h"
#include "apps/cli/embedding_flags.h"
#include "apps/cli/line_file.h"
#include "apps/cli/record_windows.h"
#include "apps/cli/text_pairs.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

using nlohmann::ordered_json;

// Texts of a file that are embedded at once.
constexpr size_t kWindow = 1024;

struct SimilarityFlags {
  std::string input, queries, corpus, embeddings, output, similarity, query_prompt, document_prompt;
  int64_t top_k = 10, batch_size = 32;
  PairColumns columns;
  EmbeddingFlags embedding;
};

Similarity measure_of(const SimilarityFlags& flags, const TextEmbedder& embedder) {
  return flags.similarity.empty() ? embedder.modules().similarity
                                  : similarity_named(flags.similarity);
}

// A score for each pair.
int compare_pairs(const SimilarityFlags& flags, TextEmbedder& embedder, std::ostream& out,
                  std::ostream& err) {
  const Similarity measure = measure_of(flags, embedder);
  const auto reader = open_input(flags.input);
  RecordReader records(*reader, format_of_texts(flags.input), BlankLines::kRefused);
  for (const auto& column : {flags.columns.first, flags.columns.second})
    records.require_column(column);
  const size_t window =
      is_standard_input(flags.input) ? static_cast<size_t>(flags.batch_size) : kWindow;
  LineFile file(flags.output, out);
  std::vector<EmbedderInput> texts;
  const int64_t bad = for_windows(
      *reader, records, window,
      [&](const Record& record) {
        const auto [first, second] = pair_of(record, flags.columns);
        EmbedderInput one = embedder.encode(first), other = embedder.encode(second);
        texts.push_back(std::move(one));
        texts.push_back(std::move(other));
      },
      [&](std::span<const ReadLine> lines) {
        const HostTensor embeddings = embedder.embed(texts);
        texts.clear();
        std::string text;
        int64_t row = 0;
        for (const ReadLine& line : lines) {
          if (!line.problem.empty()) {
            text += json_of_problem(line) + "\n";
            continue;
          }
          const double score =
              similarity_of(measure, embeddings.row<float>(row), embeddings.row<float>(row + 1));
          row += 2;
          text += ordered_json{{"score", seven_digits(score)}}.dump() + "\n";
        }
        file.write(text);
      });
  file.publish();
  return exit_code_of(bad, err);
}

// The texts of a file, each a row of embeddings. A line that cannot be read ends the search: what
// it is compared with would be another line's.
class TextFileReader {
 public:
  TextFileReader(const std::string& path, const std::string& column)
      : reader_(open_input(path)),
        records_(*reader_, format_of_texts(path), BlankLines::kKept),
        column_(column) {
    records_.require_column(column, "text_column");
  }

  // The next texts, `most` at most; none behind the last.
  std::vector<std::string> read(size_t most) {
    std::vector<std::string> texts;
    Record record;
    while (texts.size() < most && records_.next(record))
      texts.push_back(record.is_text() ? record.line() : record.at(column_));
    return texts;
  }

 private:
  std::unique_ptr<TextReader> reader_;
  RecordReader records_;
  std::string column_;
};

std::vector<std::string> all_texts(const std::string& path, const std::string& column) {
  TextFileReader reader(path, column);
  std::vector<std::string> all;
  for (auto texts = reader.read(kWindow); !texts.empty(); texts = reader.read(kWindow))
    all.insert(all.end(), std::make_move_iterator(texts.begin()),
               std::make_move_iterator(texts.end()));
  return all;
}

// The corpus's embeddings, of its texts or of a file that has them already.
void search_corpus(const SimilarityFlags& flags, TextEmbedder& embedder,
                   std::optional<std::string_view> prompt, SimilaritySearch& search) {
  if (!flags.embeddings.empty()) {
    NpyReader reader(flags.embeddings);
    if (reader.columns() != embedder.dimension())
      fail(ErrorCode::kMismatch, flags.embeddings, ": found rows of ", reader.columns(),
           " numbers, wanted ", embedder.dimension(), " as the model gives");
    for (HostTensor rows = reader.read(kWindow); rows.dim(0) > 0; rows = reader.read(kWindow))
      search.add(rows);
    return;
  }
  TextFileReader reader(flags.corpus, flags.columns.first);
  for (auto texts = reader.read(kWindow); !texts.empty(); texts = reader.read(kWindow))
    search.add(embedder.embed(texts, prompt));
}

// The texts that were found, by their index.
std::map<int64_t, std::string> found_texts(const SimilarityFlags& flags,
                                           const std::vector<std::vector<SearchHit>>& hits) {
  std::map<int64_t, std::string> found;
  if (flags.corpus.empty()) return found;
  for (const auto& of_query : hits)
    for (const SearchHit& hit : of_query) found[hit.index];
  TextFileReader reader(flags.corpus, flags.columns.first);
  int64_t index = 0;
  for (auto texts = reader.read(kWindow); !texts.empty(); texts = reader.read(kWindow))
    for (std::string& text : texts)
      if (const auto at = found.find(index++); at != found.end()) at->second = std::move(text);
  if (!found.empty() && found.rbegin()->first >= index)
    fail(ErrorCode::kMismatch, flags.embeddings, ": found more rows than ", flags.corpus, " has, ",
         index);
  return found;
}

std::optional<std::string_view> prompt_of(const Command& command, const char* option,
                                          const std::string& given,
                                          std::optional<std::string_view> own) {
  return command.is_set(option) ? std::optional<std::string_view>(given) : own;
}

int search(const SimilarityFlags& flags, const Command& command, TextEmbedder& embedder,
           std::ostream& out) {
  const std::vector<std::string> queries = all_texts(flags.queries, flags.columns.first);
  const auto query_prompt =
      prompt_of(command, "query_prompt", flags.query_prompt, embedder.query_prompt());
  SimilaritySearch search(measure_of(flags, embedder), embedder.embed(queries, query_prompt),
                          flags.top_k, flags.embedding.common.threads);
  search_corpus(
      flags, embedder,
      prompt_of(command, "document_prompt", flags.document_prompt, embedder.document_prompt()),
      search);
  const auto hits = search.hits();
  const auto texts = found_texts(flags, hits);
  LineFile file(flags.output, out);
  for (size_t q = 0; q < queries.size(); ++q) {
    ordered_json answer{{"query", queries[q]}, {"hits", ordered_json::array()}};
    for (const SearchHit& hit : hits[q]) {
      ordered_json found{{"corpus_id", hit.index}, {"score", seven_digits(hit.score)}};
      if (const auto text = texts.find(hit.index); text != texts.end())
        found["text"] = text->second;
      answer["hits"].push_back(found);
    }
    file.write(answer.dump() + "\n");
  }
  file.publish();
  return 0;
}

int run(const SimilarityFlags& flags, const Command& command, std::ostream& out,
        std::ostream& err) {
  const bool searches = !flags.queries.empty();
  if (flags.batch_size < 1)
    fail(ErrorCode::kUsage, "--batch_size ", flags.batch_size, ": wanted 1 or more");
  if (searches && flags.corpus.empty() && flags.embeddings.empty())
    fail(ErrorCode::kUsage, "--queries: found no --corpus, wanted the texts to search");
  if (!searches && !(flags.corpus.empty() && flags.embeddings.empty()))
    fail(ErrorCode::kUsage, "--corpus: found no --queries, wanted the texts to look for");
  if (searches && !flags.input.empty())
    fail(ErrorCode::kUsage, "--input: found it beside --queries, wanted one of both");
  if (searches && is_standard_input(flags.corpus) && !flags.corpus.empty())
    fail(ErrorCode::kUsage, "--corpus -: wanted a file, which is read twice");
  TextEmbedder embedder = flags.embedding.open(command, err);
  return searches ? search(flags, command, embedder, out)
                  : compare_pairs(flags, embedder, out, err);
}

}  // namespace

Runner declare_similarity(Command& command) {
  const auto flags = std::make_shared<SimilarityFlags>();
  add_embedding(command, flags->embedding);
  command.option("input", flags->input,
                 "pairs of texts: a tab between them, JSONL, or a .tsv or .csv whose header names "
                 "its columns; without it, or as -, the standard input");
  command.option("queries", flags->queries, "file of texts to look for in the corpus");
  command.option("corpus", flags->corpus, "file of texts that are searched");
  command.option("embeddings", flags->embeddings,
                 "the corpus as albert embed wrote it, a .npy file, so that it is not embedded "
                 "again");
  command.option("top_k", flags->top_k, "texts of the corpus for each query");
  command.limit("top_k", 1);
  command.choice("similarity", flags->similarity, similarity_names(),
                 "how vectors are compared, distances with a minus; without it as the folder says, "
                 "else cosine");
  command.option("query_prompt", flags->query_prompt,
                 "what stands before every query; without it the folder's prompt \"query\"");
  command.option("document_prompt", flags->document_prompt,
                 "what stands before every text of the corpus; without it the folder's prompt "
                 "\"document\", \"passage\" or \"corpus\"");
  command.option("output", flags->output, "JSONL file; without it the standard output");
  add_pair_columns(command, flags->columns);
  command.option("batch_size", flags->batch_size,
                 "pairs of the standard input that are read before they are answered");
  command.alias("similarity", {"similarity_fn_name"});
  add_weights(command, flags->embedding.common.weights);
  add_prefix(command, flags->embedding.common.prefix);
  add_common(command, flags->embedding.common);
  return [flags, &command](std::ostream& out, std::ostream& err) {
    return run(*flags, command, out, err);
  };
}

}  // namespace albert::apps
