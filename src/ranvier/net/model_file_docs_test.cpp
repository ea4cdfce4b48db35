// docs/formats.md and examples/read_weights.py against what is written.
#include "ranvier/base/file.hpp"
#include "ranvier/net/model_file.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <unistd.h>
#include <vector>

namespace ranvier {
namespace {

using nlohmann::json;
using namespace testing;

/// The contents of the page's code blocks that begin with ```kind.
std::vector<std::string> blocks(const std::string& kind) {
    const std::string page = read_file(RANVIER_SOURCE_DIR "/docs/formats.md");
    const std::string opening = "```" + kind + "\n";
    std::vector<std::string> found;
    for (std::size_t at = page.find(opening); at != std::string::npos;
         at = page.find(opening, at)) {
        at += opening.size();
        const std::size_t end = page.find("```", at);
        found.push_back(page.substr(at, end - at));
        at = end;
    }
    return found;
}

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) text += fmt::format("{:02x} ", static_cast<unsigned char>(byte));
    if (!text.empty()) text.back() = '\n';
    return text;
}

Network worked_example() {
    Network network;
    append(network, "input", Input{{2, 1, 1}, {}, {}});
    append(network, "fc", Linear{Tensor({1, 2}, {1.0F, -0.5F}), Tensor({1}, {0.25F})});
    append(network, "relu", Activation{});
    append(network, "output", Output{});
    network.notes = {{"source", "by hand"}};
    return network;
}

TEST(FormatsPage, WorkedExampleIsWhatIsWritten) {
    const std::string bytes = encode_network(worked_example());
    ASSERT_EQ(bytes.size(), 828U);
    json header = json::parse(bytes.substr(8, 808));
    const json graph = json::parse(header["__metadata__"]["ranvier"].get<std::string>());
    header["__metadata__"]["ranvier"] = "...";
    EXPECT_EQ(blocks("hex"), (std::vector{hex(bytes.substr(0, 8)), hex(bytes.substr(816))}));
    EXPECT_EQ(blocks("json header"), std::vector{header.dump() + "\n"});
    ASSERT_EQ(blocks("json graph").size(), 1U);
    EXPECT_EQ(json::parse(blocks("json graph")[0]), graph);
}

TEST(FormatsPage, ShowsTheExampleProgram) {
    const std::string program = read_file(RANVIER_SOURCE_DIR "/examples/read_weights.py");
    ASSERT_EQ(blocks("python").size(), 1U);
    EXPECT_TRUE(program.ends_with(blocks("python")[0]));
}

/// A Python interpreter that has NumPy.
std::optional<std::string> python() {
    for (const char* program : {"/usr/bin/python3", "python3"})
        if (std::system(fmt::format("{} -c 'import numpy' 2>/dev/null", program).c_str()) == 0)
            return program;
    return std::nullopt;
}

std::string output_of(const std::string& command) {
    std::string output;
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return "popen failed";
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
        output.push_back(static_cast<char>(c));
    const int status = pclose(pipe);
    return status == 0 ? output : fmt::format("{}exit status {}", output, status);
}

/// As NumPy writes it: (3,) or (3, 90).
std::string python_tuple(const std::vector<std::int64_t>& dims) {
    return fmt::format("({}{})", fmt::join(dims, ", "), dims.size() == 1 ? "," : "");
}

std::string line_of(const std::string& name, const Tensor& tensor) {
    const auto [low, high] = std::minmax_element(tensor.values.begin(), tensor.values.end());
    return fmt::format("{} {} {:.9g} {:.9g}\n", name, python_tuple(tensor.dims), *low, *high);
}

TEST(ReadWeightsExample, SeesTheWeightsThatWereWritten) {
    const std::optional<std::string> interpreter = python();
    if (!interpreter) GTEST_SKIP() << "no Python with NumPy";
    const Network network = branched_network(1);
    const auto path = std::filesystem::temp_directory_path() /
                      fmt::format("ranvier_read_weights_{}.safetensors", getpid());
    save_network(network, path);
    const std::string output = output_of(fmt::format(
        "{} {} {}", *interpreter, RANVIER_SOURCE_DIR "/examples/read_weights.py", path.string()));
    std::filesystem::remove(path);
    const auto& conv1 = std::get<Convolution>(network.layers[1].operation);
    const auto& conv2 = std::get<Convolution>(network.layers[3].operation);
    const auto& linear = std::get<Linear>(network.layers[11].operation);
    EXPECT_EQ(output,
              "layers: input, conv1, relu1, conv2, shortcut, add, relu2, pool, concat, average, "
              "flatten, linear, output\n" +
                  line_of("conv1.bias", conv1.bias) + line_of("conv1.weight", conv1.weight) +
                  line_of("conv2.bias", conv2.bias) + line_of("conv2.weight", conv2.weight) +
                  line_of("linear.bias", linear.bias) + line_of("linear.weight", linear.weight));
}

}  // namespace
}  // namespace ranvier
