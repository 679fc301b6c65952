#pragma once
// PyTorch's pickles, read as data. Not installed.
#include "albert/engine/weights/torch_values.h"

namespace albert {

// Reads one pickle of protocol 2 to 5 up to its end and returns its value. Nothing is imported,
// made or called: the opcodes are those of dictionaries, lists, tuples, texts and numbers, the
// globals those of torch_global(). Error(kBadData) naming the byte and what was found there.
PickleValue read_torch_pickle(ByteReader& reader, PickleValues& values);

}  // namespace albert
