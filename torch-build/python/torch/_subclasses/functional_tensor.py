"""The class that no tensor of this build has."""


class FunctionalTensor:
    """Has no instances."""
