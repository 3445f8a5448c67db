"""`python -m bot.launch.rasa_command …`: `rasa …` without what its libraries say of their own deprecations.

Sanic has Python show every deprecation once, whatever `-W` or PYTHONWARNINGS say. Those listed here come at each start
and nobody at the shop can mend them; they join Rasa's own list of warnings it expects. All others are shown as before,
Rasa's on the shop's data among them, and with `--debug` these as well.
"""

EXPECTED = (
    (DeprecationWarning, "pkg_resources is deprecated as an API"),  # asked for by Rasa
    (DeprecationWarning, r"Deprecated call to `pkg_resources\.declare_namespace"),  # mpl_toolkits, ruamel
    (DeprecationWarning, r"jax\.xla_computation is deprecated"),  # TensorFlow
    (DeprecationWarning, r"'\w+' (argument is )?deprecated(,| -) use '\w+'"),  # pyparsing, of matplotlib and packaging
)


def expect() -> None:
    """Let Rasa, which sets its filters when it has read its command line, leave them out."""
    from rasa.utils import common

    common.EXPECTED_WARNINGS.extend(EXPECTED)


def main() -> None:
    """Rasa's own command line, that of `sys.argv`."""
    import rasa.__main__

    expect()
    rasa.__main__.main()


if __name__ == "__main__":
    main()
