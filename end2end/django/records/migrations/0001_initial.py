from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            name="Place",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("region", models.CharField(db_index=True, max_length=40)),
                ("part_of", models.ForeignKey(null=True, on_delete=models.CASCADE, to="records.place")),
            ],
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("note", models.TextField(blank=True)),
                ("place", models.ForeignKey(on_delete=models.CASCADE, to="records.place")),
            ],
            options={"indexes": [models.Index(fields=["place", "day"], name="visit_by_day")]},
        ),
    ]
