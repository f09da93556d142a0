# SPDX-License-Identifier: GPL-2.0-only
"""What many values say together."""
import math
import statistics

# Student's t, two-sided 95 %, by degrees of freedom; beyond, the normal's.
T95 = (0, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
       2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
       2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042)
Z95 = 1.960


def quantile(numbers, q):
    """The Q quantile (0 to 1), between the nearest two."""
    ordered = sorted(numbers)
    at = q * (len(ordered) - 1)
    low = math.floor(at)
    high = math.ceil(at)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def median(numbers):
    """The middle."""
    return statistics.median(numbers)


def quartiles(numbers):
    """The middle half's ends."""
    return quantile(numbers, 0.25), quantile(numbers, 0.75)


def mean_interval(numbers):
    """The mean and half the width of its 95 % confidence interval."""
    mean = statistics.fmean(numbers)
    n = len(numbers)
    if n < 2:
        return mean, math.inf
    t = T95[n - 1] if n - 1 < len(T95) else Z95
    return mean, t * statistics.stdev(numbers) / math.sqrt(n)


def harmonic_mean(numbers):
    """0 when one of them is."""
    return statistics.harmonic_mean(numbers)


def line(points):
    """Least squares through (x, y) POINTS: slope, intercept."""
    fit = statistics.linear_regression([x for x, _ in points],
                                       [y for _, y in points])
    return fit.slope, fit.intercept


def distribution(numbers):
    """The points (value, share of the numbers up to it) of the CDF."""
    ordered = sorted(numbers)
    return [(value, (i + 1) / len(ordered)) for i, value in enumerate(ordered)]
