#include "albert/trainer/data/recorded_examples.h"

#include "albert/base/atomic_file.h"
#include "albert/base/error.h"

namespace albert {

RecordedExamples::RecordedExamples(const std::vector<std::filesystem::path>& files,
                                   int64_t vocab_size, uint64_t seed)
    : vocab_size_(vocab_size), seed_(seed) {
  for (const auto& file : files) records_ += files_.emplace_back(file).size();
  if (records_ == 0)
    fail(ErrorCode::kBadData, files.empty() ? "records" : files.front().string(),
         ": found no records, wanted one or more");
  read(0, &sizes_);
}

PretrainingExample RecordedExamples::read(int64_t record, TfExampleSizes* sizes) const {
  auto file = files_.begin();
  for (; record >= file->size(); ++file) record -= file->size();
  const std::string place = file->name() + ": record " + std::to_string(record) + " at byte " +
                            std::to_string(file->offset(record));
  return example_in(place, file->read(record), vocab_size_, sizes);
}

PretrainingExample RecordedExamples::example(int64_t position) const {
  const auto pass = static_cast<uint64_t>(position / records_);
  const Permutation order(static_cast<uint64_t>(records_), seed_, pass);
  return read(static_cast<int64_t>(order(static_cast<uint64_t>(position % records_))), nullptr);
}

std::string RecordedExamples::fingerprint() const {
  std::string all;
  for (const TfRecordFile& file : files_)
    all += (all.empty() ? "" : "-") + std::to_string(file.fingerprint());
  return all;
}

int64_t write_tf_examples(const ExampleSource& source, int64_t passes,
                          const std::vector<std::filesystem::path>& files,
                          const TfExampleSizes& sizes, const MaskingVocabulary& vocabulary) {
  std::list<AtomicFile> out;
  for (const auto& file : files) out.emplace_back(file, 0);
  int64_t examples = 0;
  for (int64_t pass = 0; pass < passes; ++pass) examples += source.size_of_pass(pass);
  auto to = out.begin();
  for (int64_t i = 0; i < examples; ++i) {
    to->write(tf_record(tf_example_of(source.example(i), sizes, vocabulary)));
    if (++to == out.end()) to = out.begin();
  }
  for (AtomicFile& file : out) file.stage();
  for (AtomicFile& file : out) file.publish();
  return examples;
}

}  // namespace albert
