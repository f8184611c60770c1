// The page's files, compiled in (page/, by embed_page.cmake): nothing of the server's disk is served.
#ifndef EDGEMOE_SERVER_PAGE_FILES_H_
#define EDGEMOE_SERVER_PAGE_FILES_H_

#include <span>
#include <string_view>

namespace edgemoe::server {

struct PageFile {
  std::string_view path;  // in the address
  std::string_view content_type;
  std::string_view content;
};

std::span<const PageFile> page_files();

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_PAGE_FILES_H_
