#include "ranvier/recipe/grid.hpp"
#include "ranvier/recipe/recipe.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iomanip>
#include <regex>
#include <sstream>

namespace ranvier {
namespace {

namespace fs = std::filesystem;

const fs::path root = RANVIER_SOURCE_DIR;

std::vector<fs::path> recipes() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(root / "experiments"))
        if (entry.path().extension() == ".toml") files.push_back(entry.path());
    return files;
}

/// The words of a command line; what a shell would put in for $(...) is one file.
std::vector<std::string> words_of(const std::string& line) {
    std::istringstream text(std::regex_replace(line, std::regex("\\$\\([^)]*\\)"), "some.file"));
    std::vector<std::string> words;
    for (std::string word; text >> std::quoted(word);) words.push_back(word);
    return words;
}

/// Loads the recipe of a line `ranvier run RECIPE ...` or `ranvier sweep RECIPE ...` with its
/// --set, at each point of its --grid; how many points that were.
std::size_t load_line(const std::string& line) {
    const auto words = words_of(line);
    std::vector<std::string> overrides;
    std::vector<GridAxis> axes;
    for (std::size_t w = 3; w + 1 < words.size(); ++w) {
        if (words[w] == "--set") overrides.push_back(words[w + 1]);
        if (words[w] == "--grid") axes.push_back(parse_axis(words[w + 1]));
    }
    const auto points = words[1] == "sweep" ? grid_points(axes) : std::vector<GridPoint>(1);
    for (const GridPoint& point : points) {
        std::vector<std::string> all = overrides;
        all.insert(all.end(), point.overrides.begin(), point.overrides.end());
        (void)load_recipe(root / words[2], all);
    }
    return points.size();
}

TEST(Experiments, EveryRecipeLoads) {
    for (const fs::path& file : recipes()) EXPECT_NO_THROW((void)load_recipe(file)) << file;
    EXPECT_GT(recipes().size(), 30U);
}

TEST(Experiments, EveryLineThatTheirCommentsGiveLoads) {
    const std::string prompt = "#   ranvier ";
    std::size_t n = 0;
    for (const fs::path& file : recipes()) {
        std::ifstream in(file);
        for (std::string line; std::getline(in, line);)
            if (line.starts_with(prompt)) {
                EXPECT_NO_THROW(n += load_line(line.substr(prompt.find('r')))) << line;
            }
    }
    EXPECT_GT(n, 100U) << "points of sweeps";
}

}  // namespace
}  // namespace ranvier
