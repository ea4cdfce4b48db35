#pragma once

namespace ranvier {

/// The files of report/page, compiled in so that a report needs none of them.
extern const char* const page_template;  ///< with {{style}}, {{data}}, {{library}} and {{script}}
extern const char* const page_style;
extern const char* const page_script;

}  // namespace ranvier
