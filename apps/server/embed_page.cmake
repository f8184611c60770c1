# cmake -DSOURCE=folder -DOUTPUT=page_files.cpp -P embed_page.cmake: the page's files as arrays of characters.
set(type_html "text/html")
set(type_css "text/css")
set(type_js "text/javascript")
set(type_svg "image/svg+xml")
foreach(name IN ITEMS index.html page.css page.js colors.js view.js icon.svg)
  set(path "/${name}")
  if(name STREQUAL "index.html")
    set(path "/")
  elseif(name STREQUAL "icon.svg")
    set(path "/favicon.ico")
  endif()
  string(REGEX REPLACE ".*\\." "type_" type ${name})
  file(READ ${SOURCE}/${name} content HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${content}")
  string(MAKE_C_IDENTIFIER ${name} identifier)
  string(APPEND arrays "constexpr char k_${identifier}[] = {${bytes}};\n")
  string(APPEND entries "    {\"${path}\", \"${${type}}; charset=utf-8\", {k_${identifier}, sizeof(k_${identifier})}},\n")
endforeach()
file(WRITE ${OUTPUT}.new "#include \"server/page_files.h\"

namespace edgemoe::server {
namespace {
${arrays}
constexpr PageFile kFiles[] = {
${entries}};
}  // namespace

std::span<const PageFile> page_files() { return kFiles; }

}  // namespace edgemoe::server
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
