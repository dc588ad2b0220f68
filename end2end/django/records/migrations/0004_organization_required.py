from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0003_populate_organization")]
    operations = [
        migrations.AlterField(
            name,
            "organization",
            models.ForeignKey(on_delete=models.PROTECT, to="organizations.organization"),
        )
        for name in ("place", "visit")
    ]
