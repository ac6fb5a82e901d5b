// What the program finds in its environment.
#pragma once

#include "image.h"

// APPIMAGE, APPDIR, ARGV0 and OWD; HOME and XDG_CONFIG_HOME where folders of that name lie beside
// the AppImage.
void set_environment(const struct image *image, const char *folder, const char *name);
