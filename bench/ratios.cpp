#include "ratios.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

namespace ranvier::bench {

namespace {

std::map<std::string, Ratio>& kept() {
    static std::map<std::string, Ratio> ratios;
    return ratios;
}

void write_ratios(const std::string& file) {
    nlohmann::ordered_json json;
    if (std::ifstream in(file); in) json = nlohmann::ordered_json::parse(in);
    for (const auto& [name, ratio] : kept()) {
        json[name] = ratio.median;
        json["spread"][name] = {ratio.low, ratio.high};
    }
    std::ofstream(file + ".part") << json.dump(2) << '\n';
    std::filesystem::rename(file + ".part", file);
}

}  // namespace

Ratio ratio_of(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < a.size(); ++i) ratios.push_back(a[i] / b[i]);
    std::sort(ratios.begin(), ratios.end());
    const auto at = [&](double share) {
        return ratios[static_cast<std::size_t>(share * static_cast<double>(ratios.size() - 1))];
    };
    return {at(0.5), at(0.1), at(0.9)};
}

void keep_ratio(const std::string& name, const Ratio& ratio) {
    kept()[name] = ratio;
}

int run_benchmarks(int argc, char** argv) {
    constexpr std::string_view option = "--bench_json=";
    std::string file;
    std::vector<char*> rest;
    for (int i = 0; i < argc; ++i)
        if (std::string_view(argv[i]).starts_with(option))
            file = argv[i] + option.size();
        else
            rest.push_back(argv[i]);
    int n = static_cast<int>(rest.size());
    benchmark::Initialize(&n, rest.data());
    if (benchmark::ReportUnrecognizedArguments(n, rest.data())) return 2;
    benchmark::RunSpecifiedBenchmarks();
    if (!file.empty()) write_ratios(file);
    return 0;
}

}  // namespace ranvier::bench
