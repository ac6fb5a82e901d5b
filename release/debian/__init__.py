"""The Debian package, and an archive that apt installs from.

Written byte by byte, without dpkg: a change needs lintian and the systems of the tests.
"""
