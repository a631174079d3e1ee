"""What the engine refuses, said in Chinese with the place and the remedy."""


class EngineError(Exception):
    """Base of all refusals; `str()` is a sentence for the user."""


class DocumentError(EngineError):
    """A policy document cannot be accepted: `name` file, `key` place in it, `problem` with what to do."""

    def __init__(self, name: str, key: str, problem: str) -> None:
        super().__init__(f"政策文件 {name}，{key}：{problem}" if key else f"政策文件 {name}：{problem}")
        self.name, self.key, self.problem = name, key, problem


class ParameterError(EngineError):
    """A parameter file or a parameter value cannot be accepted."""


class MissingParameter(ParameterError):
    """Figures that the policy leaves to yearly statistics are not there: `missing` (key, year, label)."""

    def __init__(self, policy: str, *missing: tuple[str, int, str]) -> None:
        names = "、".join(f"{label}（{policy} {key} {year}）" for key, year, label in missing)
        super().__init__(f"缺少年度参数：{names}，请在参数文件中补充后重新计算")
        self.policy, self.missing = policy, missing


class NoVersion(EngineError):
    """No version of the policy is in force on the day."""

    def __init__(self, policy: str, day: str) -> None:
        super().__init__(f"政策 {policy} 在 {day} 没有有效的政策版本，请核对结算日期或补充当时的政策文件")
        self.policy, self.day = policy, day


class NotGoverned(EngineError):
    """The document does not rule on this question: the answer is not zero, it stands elsewhere."""


class ClaimRefused(EngineError):
    """A claim that must not be settled: faulty `field`, its `value`, and the `reason`."""

    def __init__(self, field: str, value: str, reason: str) -> None:
        super().__init__(f"{field} = {value}：{reason}")
        self.field, self.value, self.reason = field, value, reason
