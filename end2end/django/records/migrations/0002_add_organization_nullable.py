from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial"), ("organizations", "0001_initial")]
    operations = [
        migrations.AddField(
            name,
            "organization",
            models.ForeignKey(null=True, on_delete=models.PROTECT, to="organizations.organization"),
        )
        for name in ("place", "visit")
    ]
