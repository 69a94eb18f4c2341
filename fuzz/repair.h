// Makes the checksums of damaged files fit again, so that mutations reach what lies below them.
#pragma once

#include <string>

namespace sapwood::fuzz {

// Metas, and pages that carry their own number. Values in runs of pages have their checksums elsewhere: left alone.
void repair_data_file(std::string& bytes);

// Segment headers, and the records that follow one another from each.
void repair_log(std::string& bytes);

// Gives `log` the database and epoch of `real`, so that inputs outlive changes of how databases are made.
void adopt_log(std::string& log, const std::string& real);

}  // namespace sapwood::fuzz
