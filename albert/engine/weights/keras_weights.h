#pragma once
// tf_model.h5 of transformers' TFAlbert* classes. Not installed.
#include "albert/engine/weights/hdf5.h"

namespace albert {

// transformers' name of a dataset of such a file: that of the Keras weight, without the names of
// the layer's group and of the model before it. The path as it is for others.
std::string keras_weight_name(const std::string& path);

// The tensors of an HDF5 file under transformers' names, kernels [out, in]. A layer's group that
// holds a copy of another layer's weight (predictions: the embeddings) is passed over. Error of
// read_hdf5(); kBadData for two weights of one name.
std::unique_ptr<const WeightSource> keras_weights(PlacedBytes file);

// The same of a file. Error(kMissingInput), kIo.
std::unique_ptr<const WeightSource> open_keras_weights(const std::filesystem::path& path);

}  // namespace albert
