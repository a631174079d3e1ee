"""`manage.py settle`: claims of a file under one policy, without the database."""

from typing import Any

from policies.files import settle_file

from ._files import FileCommand


class Command(FileCommand):
    help = "按一项政策结算文件中的费用，不使用数据库；被拒绝的行写入 <结果文件>.errors.csv"
    files = ("parameters", "categories", "claims", "output")

    def handle(self, *args: Any, **o: Any) -> None:
        done = self.done(settle_file, o["policy"], o["parameters"], o["categories"], o["claims"], o["output"])
        self.stdout.write(f"{o['policy']}：写出 {done.written} 行，拒绝 {done.refused} 行，结果在 {o['output']}")
