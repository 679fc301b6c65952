#pragma once
#include <span>
#include <vector>

namespace albert {

// Correlations as SciPy 1.17 computes them (pearsonr, spearmanr): NaN where a value is NaN, where
// all values of a list are equal, and of fewer than two (SciPy's pearsonr raises an error there).
// Both lists are of one length.
double pearson(std::span<const double> a, std::span<const double> b);
double spearman(std::span<const double> a, std::span<const double> b);

// The place of each value in ascending order, from 1; equal values have the mean of their places.
// Values are no NaN.
std::vector<double> ranks_of(std::span<const double> values);

// Of the differences; 0 without values (scikit-learn's raise an error there).
double mean_squared_error(std::span<const double> a, std::span<const double> b);
double mean_absolute_error(std::span<const double> a, std::span<const double> b);

}  // namespace albert
