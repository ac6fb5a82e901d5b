"""Stands in for numpy's linear algebra, two megabytes in C that the program never calls.

numpy imports the module when it is imported itself, and uses it when a matrix is solved, inverted
or taken apart.
"""


def __getattr__(name: str) -> object:
    raise AttributeError(
        f"the numpy of this program has no linear algebra ({name}): "
        "where it is needed now, build it in native_build/numpy_package.py"
    )
