#include "ranvier/base/error.hpp"
#include "ranvier/data/image_file.hpp"

// In the place of the decoder in builds with RANVIER_IMAGES=OFF.
namespace ranvier {

bool is_image_name(const std::filesystem::path& /*path*/) {
    return false;
}

ByteImage load_image(const std::filesystem::path& path, int /*channels*/) {
    fail(Fault::unsupported,
         "{}: this program was built without OpenCV (RANVIER_IMAGES=OFF) and decodes no image "
         "files; CIFAR and MNIST files can be read",
         path.string());
}

std::string encode_png(const ByteImage& /*image*/) {
    fail(Fault::unsupported,
         "PNG: this program was built without OpenCV (RANVIER_IMAGES=OFF) and writes no pictures");
}

}  // namespace ranvier
