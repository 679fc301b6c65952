#pragma once
// The classes and functions that a pickle of tensors names, and what calling them would give. Not
// installed.
#include "albert/engine/weights/torch_values.h"

namespace albert {

// The allowed global of this name; Error(kBadData) for any other, by its name.
PickleValue torch_global(const ByteReader& place, std::string_view module, std::string_view name);

// What a call of an allowed global with a tuple of arguments stands for: a dictionary, a tensor, or
// a value that is not looked into. Error(kBadData) for arguments of the wrong kinds, and for a
// tensor that reaches beyond its storage.
PickleValue torch_call(const ByteReader& place, PickleValues& values, PickleValue global,
                       PickleValue arguments);

// The storage that torch.save's persistent id ("storage", type, key, location, elements) names.
PickleValue torch_storage(const ByteReader& place, PickleValues& values, PickleValue id);

}  // namespace albert
