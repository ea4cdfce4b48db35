#include "ranvier/recipe/version.hpp"

#include "ranvier_revision.hpp"
#include <fmt/format.h>
#if RANVIER_HAS_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif
#if RANVIER_HAS_OPENCV
#include <opencv2/core/utility.hpp>
#endif

namespace ranvier {

namespace {

std::string onednn_version() {
#if RANVIER_HAS_ONEDNN
    const dnnl_version_t* dnnl = dnnl_version();
    return fmt::format("{}.{}.{}", dnnl->major, dnnl->minor, dnnl->patch);
#else
    return "none";
#endif
}

std::string opencv_version() {
#if RANVIER_HAS_OPENCV
    return cv::getVersionString();
#else
    return "none";
#endif
}

}  // namespace

std::string program_version() {
    return RANVIER_VERSION;
}

std::map<std::string, std::string> versions() {
    return {{"ranvier", RANVIER_VERSION},           {"revision", RANVIER_REVISION},
            {"compiler", "g++ " __VERSION__},       {"onednn", onednn_version()},
            {"opencv", opencv_version()},           {"libtorch", RANVIER_TORCH_VERSION},
            {"protobuf", RANVIER_PROTOBUF_VERSION}, {"zlib", RANVIER_ZLIB_VERSION}};
}

}  // namespace ranvier
