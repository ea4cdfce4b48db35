#include "ranvier/recipe/version.hpp"

#include "ranvier_revision.hpp"
#include <fmt/format.h>
#include <oneapi/dnnl/dnnl.h>
#include <opencv2/core/utility.hpp>

namespace ranvier {

std::string program_version() {
    return RANVIER_VERSION;
}

std::map<std::string, std::string> versions() {
    const dnnl_version_t* dnnl = dnnl_version();
    return {{"ranvier", RANVIER_VERSION},
            {"revision", RANVIER_REVISION},
            {"compiler", "g++ " __VERSION__},
            {"onednn", fmt::format("{}.{}.{}", dnnl->major, dnnl->minor, dnnl->patch)},
            {"opencv", cv::getVersionString()},
            {"libtorch", RANVIER_TORCH_VERSION},
            {"protobuf", RANVIER_PROTOBUF_VERSION},
            {"zlib", RANVIER_ZLIB_VERSION}};
}

}  // namespace ranvier
